/**
 * Steps of the library's own grants, for grants of ours. The one module that imports private files of
 * oidc-provider, here 9.13.3: they are typed and meant for this, and promise nothing beyond a release.
 */
export {
  buildTokenResponse,
  checkDpopReplay,
  checkDpopRequired,
  checkMtlsCert,
  resolveRequestedResources,
  validateClientScope,
  validateDpop,
} from "oidc-provider/lib/helpers/grants.js";
