/** The same object, whose methods all return promises that reject with `map` of what went wrong. */
export function mapRejections<Methods extends object>(
  methods: Methods,
  map: (err: unknown) => unknown,
): Methods {
  return new Proxy(methods, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        try {
          return await Reflect.apply(method, target, args);
        } catch (err) {
          throw map(err);
        }
      };
    },
  });
}
