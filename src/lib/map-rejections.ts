/** The same object, whose methods all return promises that reject with `map` of what went wrong. */
export function mapRejections<Methods extends object>(
  methods: Methods,
  map: (err: unknown) => unknown,
): Methods {
  const mapped = { ...methods };
  for (const [name, method] of Object.entries(methods)) {
    if (typeof method === "function")
      Reflect.set(mapped, name, mapMethod(method.bind(methods), map));
  }
  return mapped;
}

function mapMethod(method: (...args: unknown[]) => unknown, map: (err: unknown) => unknown) {
  return async (...args: unknown[]) => {
    try {
      return await method(...args);
    } catch (err) {
      throw map(err);
    }
  };
}
