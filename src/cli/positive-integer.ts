import { InvalidArgumentError } from "commander";

/** What an option's argument says. @throws InvalidArgumentError */
export function positiveInteger(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number <= 0) {
    throw new InvalidArgumentError("It must be a whole number above 0.");
  }
  return number;
}
