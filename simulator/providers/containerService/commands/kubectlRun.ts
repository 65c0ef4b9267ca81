import type { World } from '../../../arm/world.ts';
import { type KubernetesNode, nodesOf, takesPods } from '../nodes.ts';
import { type PodSpec, podOverrides, podSecurityDenial } from '../podSecurity.ts';
import { admissionDenial, findPod, type Pod, podsOf, removePod, savePod, type WantedPod } from '../pods.ts';
import { pullFailure } from '../pulls.ts';
import type { ClusterBody } from '../shapes.ts';
import { type Output, printed } from './command.ts';
import { type KubectlCall, namespaceOf } from './kubectlCall.ts';
import { runInContainer } from './podTools.ts';

/** `kubectl run`: pulls the pod's image on a node and runs its command there. The pod stays, unless `--rm` takes it away. */
export function kubectlRun(call: KubectlCall): Output {
  const { world, cluster, flags, rest } = call;
  let spec: PodSpec = {};
  try {
    spec = podOverrides.parse(JSON.parse(flags.overrides ?? '{}')).spec ?? {};
  } catch {
    return printed('error: Invalid JSON Patch\n', 1);
  }
  const attached = flags.attach === true || flags.stdin === true;
  if (flags.rm && !attached) return printed('error: --rm should only be used for attached containers\n', 1);
  const [container] = spec.containers ?? [];
  const wanted = {
    namespace: namespaceOf(call),
    name: call.names[0] ?? '',
    image: container?.image ?? flags.image ?? '',
    labels: labelsOf(flags.labels) ?? { run: call.names[0] ?? '' },
    hostPath: (spec.volumes ?? []).some(({ hostPath }) => hostPath),
  };
  const node = nodesOf(world, cluster.id)
    .filter((each) => (spec.nodeName === undefined ? takesPods(each) : each.ready))
    .find((each) => isWanted(each, spec));
  if (flags['dry-run'] === 'server') {
    return refusal(call, wanted, spec) ?? printed(`pod/${wanted.name} created (server dry run)\n`);
  }
  const command = container?.command ?? rest;
  const started = start(call, wanted, spec, node, (on) => runInContainer({ world, cluster, host: on }, command, spec));
  if ('refused' in started) return started.refused;
  const { pod, output } = started;
  if (!attached) return printed(`pod/${pod.name} created\n`);
  const timeout = Number.parseInt(flags['pod-running-timeout'] ?? '60', 10);
  if (flags.rm) removePod(world, cluster.id, pod);
  if (pod.phase !== 'Pending') {
    // The container has ended before kubectl attaches to it.
    const isLost = world.settings.azure.attachedOutput === 'lost';
    return isLost ? { ...output, output: '' } : output;
  }
  const end = flags.rm ? `pod "${pod.name}" deleted\n` : '';
  return printed(`${output.output}error: timed out waiting for the condition\n${end}`, 1, timeout);
}

/**
 * `kubectl debug node/…`: a pod on that node. Nobody takes it away by itself. Source: Kubernetes documentation, "Debugging
 * Kubernetes Nodes With Kubectl".
 */
export function debug(call: KubectlCall): Output {
  const { world, cluster, flags, rest } = call;
  const name = /^nodes?\/(.+)$/.exec(call.names[0] ?? '')?.[1];
  const node = nodesOf(world, cluster.id).find((each) => each.name === name);
  if (name === undefined || !node) return printed(`Error from server (NotFound): nodes "${name ?? ''}" not found\n`, 1);
  const before = podsOf(world, cluster.id).length;
  const wanted = {
    namespace: namespaceOf(call),
    name: `node-debugger-${name}-${before.toString(36).padStart(5, 'x')}`,
    image: flags.image ?? '',
    labels: {},
    hostPath: true,
  };
  const said = `Creating debugging pod ${wanted.name} with container debugger on node ${name}.\n`;
  const started = start(call, wanted, {}, node, (on) => runInContainer({ world, cluster, host: on }, rest, {}));
  if ('refused' in started) return started.refused;
  const { exitCode, output, seconds } = started.output;
  return printed(`${said}${started.pod.phase === 'Pending' ? '' : output}`, exitCode, seconds);
}

/** Why the API server does not take a pod. */
function refusal({ world, cluster }: KubectlCall, wanted: WantedPod, spec: PodSpec): Output | undefined {
  if (findPod(world, cluster.id, wanted))
    return printed(`Error from server (AlreadyExists): pods "${wanted.name}" already exists\n`, 1);
  // Kubernetes' own plugins come after the webhooks that change a pod, and before those that only judge it.
  const denial = podSecurityDenial(world, cluster.id, wanted, spec) ?? admissionDenial(world, cluster.id, wanted);
  return denial === undefined ? undefined : printed(`Error from server (Forbidden): ${denial}\n`, 1);
}

/** Starts a pod. One whose node is not heard of, or cannot pull its image, waits. */
function start(
  call: KubectlCall,
  wanted: WantedPod,
  spec: PodSpec,
  node: KubernetesNode | undefined,
  command: (node: KubernetesNode) => Output,
): { refused: Output } | { pod: Pod; output: Output } {
  const { world, cluster } = call;
  const refused = refusal(call, wanted, spec);
  if (refused) return { refused };
  const waits = waitsFor(world, cluster, node, wanted.image);
  const output = node && !waits ? command(node) : printed(waits?.said ?? '', 1);
  const pod: Pod = {
    ...wanted,
    phase: waits ? 'Pending' : output.exitCode === 0 ? 'Succeeded' : 'Failed',
    logs: waits ? '' : output.output,
    seconds: output.seconds,
    createdAt: world.clock.now().toISOString(),
    ...(node && { node: node.name }),
    ...(waits && { waits: { reason: waits.reason, message: waits.message } }),
  };
  savePod(world, cluster.id, pod);
  return { pod, output };
}

/** Why a pod does not run. */
function waitsFor(
  world: World,
  cluster: ClusterBody,
  node: KubernetesNode | undefined,
  image: string,
): { reason: string; message: string; said: string } | undefined {
  const waiting = (reason: string, message: string, said = '') => ({ reason, message, said });
  if (!node) return waiting('Unschedulable', `0/${nodesOf(world, cluster.id).length} nodes are available`);
  if (!node.isHeard) return waiting('ContainerCreating', '');
  const failure = node.isWindows
    ? 'no matching manifest for windows/amd64 in the manifest list entries'
    : pullFailure(world, cluster, node, image);
  if (failure === undefined) return undefined;
  return waiting(
    'ImagePullBackOff',
    `Back-off pulling image "${image}": ErrImagePull: failed to pull and unpack image "${image}": ${failure}`,
    `Warning: Failed to pull image "${image}": ${failure}\n`,
  );
}

/** Labels such as `a=b,c=d`. */
const labelsOf = (text: string | undefined): Record<string, string> | undefined =>
  text === undefined
    ? undefined
    : Object.fromEntries(
        text.split(',').map((pair) => {
          const [key = '', value = ''] = pair.split('=');
          return [key, value];
        }),
      );

function isWanted({ name, pool, isWindows }: KubernetesNode, { nodeName, nodeSelector = {} }: PodSpec): boolean {
  const labels: Readonly<Record<string, string>> = {
    'kubernetes.io/hostname': name,
    'kubernetes.azure.com/agentpool': pool,
    agentpool: pool,
    'kubernetes.io/os': isWindows ? 'windows' : 'linux',
  };
  return (nodeName ?? name) === name && Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
}
