import { Provider, type TokenEndpointGrantContext } from "oidc-provider";
import { answerForCalledUrl } from "./called-url.js";
import { findUnitOfWork } from "./unit-of-work.js";

export type GrantHandler = (ctx: TokenEndpointGrantContext) => Promise<void> | void;

type Names = string | readonly string[] | ReadonlySet<string>;

/**
 * The library's provider, whose token endpoint commits what a grant handler has done before it counts
 * as a success: a code that somebody else has redeemed meanwhile, or a store that is away, is an
 * error of the handler, answered and told of as any other.
 */
export class CommittingProvider extends Provider {
  /** The library's handler of the code grant. Set by its constructor, through `registerGrantType`. */
  declare redeemCode: GrantHandler;

  /** The library registers its own grant types through this method, too. */
  override registerGrantType<Params extends object = Record<string, unknown>>(
    name: string,
    handler: (ctx: TokenEndpointGrantContext<Params>) => Promise<void> | void,
    ...rest: [parameters?: Names, duplicates?: Names]
  ): void {
    if (name === "authorization_code")
      this.redeemCode ??= (ctx) => Reflect.apply(handler, undefined, [ctx]);
    super.registerGrantType<Params>(
      name,
      async (ctx) => {
        answerForCalledUrl(ctx);
        const unit = findUnitOfWork(ctx);
        try {
          await handler(ctx);
        } catch (err) {
          await unit?.abandon(err);
          throw err;
        }
        await unit?.commit();
      },
      ...rest,
    );
  }
}
