import { change, machinesIn } from '../../compute/machines.ts';
import { provisionedNodes } from '../autoProvisioning.ts';
import { nodesOf } from '../nodes.ts';
import { labelNamespace } from '../podSecurity.ts';
import { findPod, removePod } from '../pods.ts';
import { closeService, openService } from '../services.ts';
import { nodeGroupOf } from '../stored.ts';
import { deploymentsOf, evict, removeEmptyNodes, removeWorkload, saveBudget, saveDeployment } from '../workloads.ts';
import { type CommandContext, type Output, printed } from './command.ts';
import { type KubectlCall, kubectlKinds, namespaceOf, parseKubectl } from './kubectlCall.ts';
import { get } from './kubectlGet.ts';
import { debug, kubectlRun } from './kubectlRun.ts';

/** The part of kubectl with which an operator looks at nodes, workloads and budgets, and tries a pod. */
export function runKubectl(context: CommandContext, args: readonly string[]): Output {
  let parsed: ReturnType<typeof parseKubectl>;
  try {
    parsed = parseKubectl(context, args);
  } catch (error) {
    return printed(`error: ${error instanceof Error ? error.message : String(error)}\n`, 1);
  }
  const { verb, call } = parsed;
  switch (verb) {
    case 'get':
      return get(call);
    case 'create':
      return create(call);
    case 'scale':
      return scaleDeployment(call);
    case 'delete':
      return remove(call);
    case 'run':
      return kubectlRun(call);
    case 'debug':
      return debug(call);
    case 'logs':
      return logs(call);
    case 'wait':
      return wait(call);
    case 'label':
      return label(call);
    case 'cordon':
    case 'uncordon':
      return cordon(call, verb === 'cordon');
    default:
      return printed(`error: unknown command "${verb}" for "kubectl"\n`, 1);
  }
}

function create(call: KubectlCall): Output {
  const { world, cluster, flags } = call;
  const [what = '', name = ''] = call.names;
  const namespace = namespaceOf(call);
  switch (kubectlKinds[what.toLowerCase()] ?? what) {
    case 'namespace':
      return printed(`namespace/${name} created\n`);
    case 'service':
      if (name !== 'loadbalancer') return printed(`error: unknown service type "${name}"\n`, 1);
      openService(world, cluster, { namespace, name: call.names[2] ?? '' });
      return printed(`service/${call.names[2]} created\n`);
    case 'deployments':
      if (flags.image === undefined) return printed('error: required flag(s) "image" not set\n', 1);
      saveDeployment(world, cluster.id, { namespace, name, image: flags.image, replicas: Number(flags.replicas ?? 1) });
      return printed(`deployment.apps/${name} created\n`);
    case 'poddisruptionbudgets': {
      const { 'min-available': least, 'max-unavailable': most, selector = '' } = flags;
      if ((least === undefined) === (most === undefined)) {
        return printed('error: one of min-available or max-unavailable must be specified\n', 1);
      }
      saveBudget(world, cluster.id, {
        namespace,
        name,
        app: selector.replace(/^app==?/, ''),
        ...(least === undefined ? {} : { minAvailable: Number(least) }),
        ...(most === undefined ? {} : { maxUnavailable: Number(most) }),
      });
      return printed(`poddisruptionbudget.policy/${name} created\n`);
    }
    default:
      return printed(`error: unknown resource type "${what}"\n`, 1);
  }
}

function scaleDeployment(call: KubectlCall): Output {
  const { world, cluster, flags } = call;
  const name = call.names.at(-1)?.replace(/^deployments?\//, '') ?? '';
  const found = deploymentsOf(world, cluster.id).find(
    (each) => each.name === name && each.namespace === namespaceOf(call),
  );
  if (!found) return printed(`Error from server (NotFound): deployments.apps "${name}" not found\n`, 1);
  const { pods: _pods, ...deployment } = found;
  saveDeployment(world, cluster.id, { ...deployment, replicas: Number(flags.replicas ?? found.replicas) });
  removeEmptyNodes(world, cluster);
  return printed(`deployment.apps/${name} scaled\n`);
}

function remove(call: KubectlCall): Output {
  const { world, cluster } = call;
  const [what = '', name = ''] = call.names;
  const kind = kubectlKinds[what.toLowerCase()];
  const target = { namespace: namespaceOf(call), name };
  const removed =
    (what === 'service' && closeService(world, cluster, target)) ||
    (kind === 'nodes' && removeNode(call, name)) ||
    (kind === 'pods' && removePod(world, cluster.id, target)) ||
    (kind === 'deployments' && removeWorkload(world, cluster.id, 'deployments', target)) ||
    (kind === 'poddisruptionbudgets' && removeWorkload(world, cluster.id, 'budgets', target));
  if (kind === 'deployments') removeEmptyNodes(world, cluster);
  if (!removed && call.flags['ignore-not-found']) return printed('');
  return removed
    ? printed(`${what} "${name}" deleted\n`)
    : printed(`Error from server (NotFound): ${what} "${name}" not found\n`, 1);
}

function logs(call: KubectlCall): Output {
  const { world, cluster, names } = call;
  const name = names[0]?.replace(/^pods?\//, '') ?? '';
  const pod = findPod(world, cluster.id, { namespace: namespaceOf(call), name });
  if (!pod) return printed(`Error from server (NotFound): pods "${name}" not found\n`, 1);
  if (!pod.waits) return printed(pod.logs);
  const isPulling = pod.waits.reason === 'ImagePullBackOff';
  const why = isPulling ? 'trying and failing to pull image' : pod.waits.reason;
  return printed(
    `Error from server (BadRequest): container "${name}" in pod "${name}" is waiting to start: ${why}\n`,
    1,
  );
}

/** `kubectl wait` for the phase of pods, which run beside each other. One that is not there keeps nobody from waiting for the others. */
function wait(call: KubectlCall): Output {
  const [kind = '', ...more] = call.names;
  const names = more.length === 0 ? [kind.replace(/^pods?\//, '')] : more;
  const each = names.map((name) => waitForPod(call, name));
  return printed(
    each.map(({ output }) => output).join(''),
    Math.max(...each.map(({ exitCode }) => exitCode)),
    Math.max(...each.map(({ seconds }) => seconds)),
  );
}

function waitForPod(call: KubectlCall, name: string): Output {
  const { world, cluster, flags } = call;
  const [, wanted] = /^jsonpath='?\{\.status\.phase\}'?=(\w+)$/.exec(flags.for ?? '') ?? [];
  if (wanted === undefined) return printed(`error: unrecognized condition: ${JSON.stringify(flags.for ?? '')}\n`, 1);
  const pod = findPod(world, cluster.id, { namespace: namespaceOf(call), name });
  if (!pod) return printed(`Error from server (NotFound): pods "${name}" not found\n`, 1);
  const patience = Number.parseInt(flags.timeout ?? '30', 10);
  if (pod.phase === wanted && pod.seconds <= patience) return printed(`pod/${name} condition met\n`, 0, pod.seconds);
  return printed(`error: timed out waiting for the condition on pods/${name}\n`, 1, patience);
}

/** `kubectl label namespace NAME KEY=VALUE`. */
function label({ world, cluster, names: [what, name = '', ...pairs] }: KubectlCall): Output {
  if (what !== 'namespace' && what !== 'ns') return printed(`error: unknown resource type "${what}"\n`, 1);
  labelNamespace(world, cluster.id, name, Object.fromEntries(pairs.map((pair) => pair.split('=', 2))));
  return printed(`namespace/${name} labeled\n`);
}

/** Karpenter drains a node that is deleted, and takes its machine away. Other nodes stay: their machines join again. */
function removeNode({ world, cluster }: KubectlCall, name: string): boolean {
  const node = provisionedNodes(world, cluster).find((each) => each.name === name);
  if (!node) return nodesOf(world, cluster.id).some((each) => each.name === name);
  world.remove(node.id);
  evict(world, cluster.id, name);
  return true;
}

function cordon({ world, cluster, names }: KubectlCall, unschedulable: boolean): Output {
  const [name = ''] = names;
  const instance = machinesIn(world, nodeGroupOf(cluster)).find(
    ({ body }) => body.properties.osProfile.computerName === name,
  );
  if (!instance) return printed(`Error from server (NotFound): nodes "${name}" not found\n`, 1);
  change(world, instance, { unschedulable });
  return printed(`node/${name} ${unschedulable ? 'cordoned' : 'uncordoned'}\n`);
}
