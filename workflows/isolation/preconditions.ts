import type { Problem } from '../../contract/problem.ts';
import { minimumKubernetesVersion } from '../../contract/profiles.ts';
import { type AgentPoolFacts, isWindows } from '../../resources/agentPools.ts';
import type { AuditFacts, AuditPart } from '../../resources/discovery.ts';
import { agentPoolId } from '../../resources/ids.ts';
import { isAtLeast } from '../../resources/kubernetesVersions.ts';
import { type ClusterFacts, hasManagedRegistry } from '../../resources/managedClusters.ts';

/** A property without which a cluster cannot be network isolated, whoever made it. */
export interface Precondition {
  id: string;
  /** For people: what must hold. */
  says: string;
  /** Where Microsoft says so, and when that was read. */
  source: string;
  asOf: string;
  /** The parts that must have been read to tell. */
  restsOn?: AuditPart;
  /** AKS itself refuses what breaks it, so that a cluster that it has just made or changed meets it: told, where it is not read. */
  isAsked?: true;
  /** Whether createCluster asks it of its input, in the words of the input. */
  isInput?: true;
  /** Everything that breaks it; nothing where it holds, or where an old run's facts do not tell. */
  broken(cluster: ClusterFacts, facts: FactsAround): Breach[];
}

/** The facts around a cluster that a precondition may ask for. Left out: not seen. */
type FactsAround = Pick<AuditFacts, 'registry' | 'extensions' | 'longTermVersions' | 'isNetworkEncrypted'>;

interface Breach extends Omit<Problem, 'where'> {
  /** Left out where it is the cluster's. */
  pool?: string;
  /** Resource ID of what breaks it, where it is neither the cluster nor a pool. */
  at?: string;
}

const limits = 'AKS docs, "Network isolated clusters" (concepts-network-isolated.md), limitations';
const outbound = 'AKS docs, "Outbound types" (egress-outboundtype.md)';

const ofPools =
  (isBroken: (pool: AgentPoolFacts) => boolean, problem: string, whatToDo: string): Precondition['broken'] =>
  ({ agentPoolProfiles }) =>
    agentPoolProfiles.filter(isBroken).map(({ name }) => ({ pool: name, problem, whatToDo }));

const ofCluster =
  (isBroken: (cluster: ClusterFacts) => boolean, problem: string, whatToDo: string): Precondition['broken'] =>
  (cluster) =>
    isBroken(cluster) ? [{ problem, whatToDo }] : [];

/** Extensions that {@link limits} names. */
const needEgress = [
  'microsoft.dapr',
  'microsoft.appconfiguration',
  'microsoft.azureml.kubernetes',
  'microsoft.flux',
  'microsoft.azurecontainerstorage',
  'microsoft.azurecontainerstoragev2',
  'microsoft.dataprotection.kubernetes',
];

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** VM sizes of the fourth generation and later encrypt. Source: Learn, "Virtual network encryption" (2026-11-26). */
const encrypts = ({ vmSize }: AgentPoolFacts): boolean => Number(/_v(\d+)$/i.exec(vmSize)?.[1] ?? 0) >= 4;

const isOther = (seen: string | undefined, wanted: string): boolean =>
  seen !== undefined && seen.toLowerCase() !== wanted.toLowerCase();

/** Every scenario that ends isolated and the audit ask all of them; of a cluster that is still to be made, those that could break. */
export const preconditions: readonly Precondition[] = [
  {
    id: 'kubernetesVersion',
    says: `Kubernetes is at least ${minimumKubernetesVersion}`,
    source: limits,
    asOf: '2026-11-26',
    isInput: true,
    broken: (cluster) =>
      isAtLeast(cluster.currentKubernetesVersion, minimumKubernetesVersion)
        ? []
        : [
            {
              problem: `Kubernetes ${cluster.currentKubernetesVersion} is older than ${minimumKubernetesVersion}`,
              whatToDo: 'Upgrade the cluster first.',
            },
          ],
  },
  {
    id: 'identity',
    says: 'The cluster has a managed identity',
    source: 'Azure/AKS#5821',
    asOf: '2026-11-26',
    broken: ofCluster(
      ({ identity }) => /^none$/i.test(identity.type),
      'the cluster uses a service principal',
      'Give it a managed identity (Azure/AKS#5821).',
    ),
  },
  {
    id: 'apiServer',
    says: 'Nodes reach the API server without egress, by private link or VNet integration',
    source: `${outbound}, "Important"`,
    asOf: '2026-11-26',
    broken: ofCluster(
      ({ enablePrivateCluster, enableVnetIntegration }) => !enablePrivateCluster && !enableVnetIntegration,
      'its API server is public, so that its nodes reach it through the egress that is to be cut',
      'Enable API server VNet integration first (`az aks update --enable-apiserver-vnet-integration`), or make a private cluster.',
    ),
  },
  {
    id: 'networkPlugin',
    says: 'The network plugin is not kubenet',
    source: limits,
    asOf: '2026-11-26',
    broken: ofCluster(
      ({ networkPlugin }) => /^kubenet$/i.test(networkPlugin),
      'its network plugin is kubenet',
      'Migrate it to Azure CNI first.',
    ),
  },
  {
    id: 'nodeOSUpgradeChannel',
    says: 'The node OS upgrade channel takes its updates from node images',
    // SecurityPatch is supported since 2025-07-20: where Microsoft's pages contradict each other, Azure decides.
    source: `${limits}; AKS release notes 2025-07-20`,
    asOf: '2026-11-26',
    broken: ({ nodeOSUpgradeChannel }) =>
      /^unmanaged$/i.test(nodeOSUpgradeChannel)
        ? [
            {
              problem: `its node OS upgrade channel is ${nodeOSUpgradeChannel}`,
              whatToDo: 'Set it to NodeImage, SecurityPatch or None.',
            },
          ]
        : [],
  },
  {
    id: 'nodeProvisioning',
    says: 'AKS makes no nodes outside of agent pools',
    source: 'AKS docs, "Node auto provisioning" (node-auto-provisioning.md), limitations',
    asOf: '2026-11-26',
    broken: ofCluster(
      ({ nodeProvisioningMode }) => nodeProvisioningMode?.toLowerCase() === 'auto',
      'node auto provisioning is on: its outbound type cannot change, and its nodes are in no pool that could be reimaged',
      'Turn it off (`az aks update --node-provisioning-mode Manual`) and move its workloads to agent pools.',
    ),
  },
  {
    id: 'loadBalancer',
    says: 'The load balancer is a Standard one',
    source: outbound,
    asOf: '2026-11-26',
    broken: ofCluster(
      ({ loadBalancerSku }) => isOther(loadBalancerSku, 'standard'),
      'its load balancer is a Basic one, with which the outbound type cannot change',
      'Migrate it to a Standard load balancer first.',
    ),
  },
  {
    id: 'httpProxy',
    says: 'Nodes use no HTTP proxy',
    source: limits,
    asOf: '2026-11-26',
    broken: ofCluster(
      ({ usesHttpProxy }) => usesHttpProxy === true,
      'its nodes reach the internet through an HTTP proxy, which no outbound type cuts',
      'Disable the HTTP proxy first (`az aks update --disable-http-proxy`).',
    ),
  },
  {
    id: 'longTermSupport',
    says: 'The support plan has the Kubernetes version',
    source: 'AKS docs, "Long-term support" (long-term-support.md); apecloud/kubeblocks#10136',
    asOf: '2026-11-26',
    restsOn: 'versions',
    isAsked: true,
    isInput: true,
    broken: ({ currentKubernetesVersion: version, hasLongTermSupport }, { longTermVersions = [] }) =>
      hasLongTermSupport === false && longTermVersions.includes(minorOf(version))
        ? [
            {
              problem: `Kubernetes ${version} has long-term support only, which is not its support plan: AKS refuses every update`,
              whatToDo:
                'Upgrade it, or use long-term support (`az aks update --tier premium --k8s-support-plan AKSLongTermSupport`).',
            },
          ]
        : [],
  },
  {
    id: 'extensions',
    says: 'No extension of the cluster needs egress',
    source: limits,
    asOf: '2026-11-26',
    restsOn: 'extensions',
    broken: (_cluster, { extensions = [] }) =>
      extensions
        .filter(({ type }) => needEgress.includes(type.toLowerCase()))
        .map(({ id, type }) => ({
          at: id,
          problem: `extension ${type} needs egress`,
          whatToDo: 'Remove it first (`az k8s-extension delete`).',
        })),
  },
  {
    id: 'networkEncryption',
    says: 'The network is not encrypted where the API server is in it',
    source: 'AKS docs, "API Server VNet Integration" (api-server-vnet-integration.md), limitations',
    asOf: '2026-11-26',
    restsOn: 'network',
    broken: ({ enableVnetIntegration, agentPoolProfiles }, { isNetworkEncrypted }) =>
      isNetworkEncrypted === true && enableVnetIntegration && agentPoolProfiles.some(encrypts)
        ? [
            {
              problem: 'its network encrypts traffic, which API server VNet integration does not support',
              whatToDo: 'Turn the encryption off (`az network vnet update --enable-encryption false`).',
            },
          ]
        : [],
  },
  {
    id: 'poolType',
    says: 'Node pools are scale sets',
    source: outbound,
    asOf: '2026-11-26',
    broken: ofPools(
      ({ type }) => isOther(type, 'VirtualMachineScaleSets'),
      'it is no scale set, and only with scale sets can the outbound type change',
      'Move its workloads to a pool of type VirtualMachineScaleSets.',
    ),
  },
  {
    id: 'poolSystem',
    says: 'Node pools are Linux pools',
    source: limits,
    asOf: '2026-11-26',
    broken: ofPools(
      ({ osType }) => isWindows(osType),
      'a Windows node pool cannot be network isolated',
      'Remove it first.',
    ),
  },
  {
    id: 'registryTokens',
    says: 'A registry of your own takes tokens for Azure Resource Manager',
    source: `${limits}; MicrosoftDocs/azure-aks-docs#438`,
    asOf: '2026-11-26',
    restsOn: 'registry',
    isInput: true,
    broken: (cluster, { registry }) =>
      registry?.takesArmTokens === false && !hasManagedRegistry(cluster)
        ? [
            {
              problem: `registry ${registry.id} takes no tokens for Azure Resource Manager, with which nodes sign in`,
              whatToDo: 'Enable it (`az acr config authentication-as-arm update --status enabled`).',
            },
          ]
        : [],
  },
];

/**
 * Every precondition that a cluster breaks.
 *
 * @param cluster As it is, or as it is to be: `isNew`.
 */
export const preconditionProblems = (
  cluster: ClusterFacts,
  facts: FactsAround,
  { isNew = false }: { isNew?: boolean } = {},
): Problem[] =>
  preconditions
    .filter(({ isInput = false }) => !(isNew && isInput))
    .flatMap(({ broken, source, asOf }) =>
      broken(cluster, facts).map(({ problem, whatToDo, pool, at }) => ({
        where: at ?? (pool === undefined ? cluster.id : agentPoolId(cluster.id, pool)),
        problem: `${problem} (${source}, read ${asOf})`,
        whatToDo,
      })),
    );
