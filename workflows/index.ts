export { createCluster } from './createCluster.ts';
