import { isIPv6 } from "node:net";

const IPV4_MAPPED = /^::ffff:(?<v4>\d+\.\d+\.\d+\.\d+)$/i;

/** What one machine is counted by: of IPv6 the /64, any address of which it can take; else the address. */
export function networkOf(ip: string): string {
  const mapped = IPV4_MAPPED.exec(ip)?.groups?.["v4"];
  if (mapped !== undefined) return mapped;
  const address = ip.split("%")[0] ?? ip;
  if (!isIPv6(address)) return ip;
  const [head = "", tail = ""] = address.split("::");
  const [first, last] = [groupsOf(head), groupsOf(tail)];
  const zeros = address.includes("::") ? 8 - first.length - last.length : 0;
  return [...first, ...Array.from({ length: zeros }, () => "0"), ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}

function groupsOf(part: string): string[] {
  if (part === "") return [];
  const groups = part.split(":");
  // An IPv4 address at the end stands for two groups, neither of which is of the network.
  return groups.flatMap((group) => (group.includes(".") ? ["0", "0"] : [group]));
}
