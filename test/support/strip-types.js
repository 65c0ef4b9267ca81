import { stripTypeScriptTypes } from 'node:module';

// Node's own type stripping keeps line numbers, so no source map is needed; a sourceUrl would empty the v8 coverage.
export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
};
