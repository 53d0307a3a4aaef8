/** The same object, whose methods all return promises that reject with `map` of what went wrong. */
export function mapRejections<Methods extends object>(
  methods: Methods,
  map: (err: unknown) => unknown,
): Methods {
  const mapped = { ...methods };
  for (const name of Object.keys(methods)) {
    // Looked up at each call: a method may be replaced meanwhile.
    const current = (): unknown => Reflect.get(methods, name);
    if (typeof current() !== "function") continue;
    Reflect.set(mapped, name, async (...args: unknown[]) => {
      try {
        return await call(current(), methods, args);
      } catch (err) {
        throw map(err);
      }
    });
  }
  return mapped;
}

function call(method: unknown, self: object, args: unknown[]): unknown {
  if (typeof method !== "function") throw new TypeError("a method was replaced by something else");
  return Reflect.apply(method, self, args);
}
