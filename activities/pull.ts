import type { Look, NodeProbeResult } from '../resources/nodes.ts';
import { type PodSeen, podCommand, podsCommand } from './podRun.ts';

const hosts = '/hosts/mcr.microsoft.com/hosts.toml';

/**
 * A pod that reads from where containerd gets Microsoft's images. It mounts that folder of its node, which Pod Security's levels baseline
 * and restricted forbid, and stays root for it: AKS does not say who may read the folder.
 *
 * @param node Left out: any.
 */
export const pullPod = (node: string | undefined, image: string) => ({
  image,
  imagePullPolicy: 'Always' as const,
  script: `cat ${hosts}`,
  spec: {
    ...(node !== undefined && { nodeName: node }),
    tolerations: [{ operator: 'Exists' }],
    volumes: [{ name: 'hosts', hostPath: { path: '/etc/containerd/certs.d' } }],
  },
  container: { volumeMounts: [{ name: 'hosts', mountPath: '/hosts', readOnly: true }] },
});

export const pullCommand = (node: string, image: string): string => podCommand(pullPod(node, image));

export const pullsCommand = (nodes: readonly string[], image: string): string =>
  podsCommand(nodes.map((node) => pullPod(node, image)));

/** Reads what a pod on a node says about pulls. One that did not run says something only if its image could not be pulled. */
export function pullIn(node: string, image: string, pod: PodSeen): Look<NodeProbeResult> {
  if ('unseen' in pod) return pod;
  if ('notPulled' in pod) return { seen: { node, image, pulled: false, message: pod.notPulled } };
  const [, mirror] = /\[host\."https:\/\/([^"]+)"\]/.exec(pod.said) ?? [];
  if (mirror === undefined && !/hosts\.toml.*No such file/.test(pod.said)) {
    return { unseen: { because: 'failed', message: `cat ended with ${pod.status}: ${pod.said}` } };
  }
  // Where the cache rule has no prefix, the address ends at /v2, with or without a slash.
  const bootstrapSource = mirror?.replace(/\/v2(?=\/|$)/, '').replace(/\/$/, '') ?? 'Direct';
  return { seen: { node, image, pulled: true, bootstrapSource, message: `${image} was pulled` } };
}
