import envPaths from 'env-paths';

/** This product's folder in the user's cache folder (on Linux `$XDG_CACHE_HOME/aks-isolation`). */
export const userCacheFolder = (): string => envPaths('aks-isolation', { suffix: '' }).cache;
