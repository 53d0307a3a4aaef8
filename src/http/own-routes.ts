import type Router from "@koa/router";

type Routes = ReturnType<Router["routes"]>;

/**
 * The routes of a router, which is asked only for paths that begin as one of them does: matching a
 * path costs every request of the protocol more than this look at its first segment.
 */
export function createOwnRoutes(router: Router) {
  const routes = router.routes();
  const firstSegments = new Set(router.stack.map(({ path }) => firstSegment(String(path))));
  return (...[ctx, next]: Parameters<Routes>) =>
    firstSegments.has(firstSegment(ctx.path)) ? routes(ctx, next) : next();
}

/** In lower case: the router tells no cases apart. */
function firstSegment(path: string): string {
  const end = path.indexOf("/", 1);
  return (end === -1 ? path : path.slice(0, end)).toLowerCase();
}
