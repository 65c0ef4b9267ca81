export { createCluster } from './createCluster.ts';
export { deleteCluster } from './deleteCluster.ts';
