/** Where a provider's secret is sealed for: it opens in no other provider's row. */
export function secretContext(id: string): string {
  return `upstream-provider ${id}`;
}
