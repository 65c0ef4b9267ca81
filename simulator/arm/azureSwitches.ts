import { z } from 'zod';

/** A behaviour of Azure that sources contradict, or that nobody outside of Azure knows. */
interface Switch {
  /** The first is the default. */
  readonly values: readonly [string, ...string[]];
  readonly says: string;
  /** Why it is not settled, with its source and date. */
  readonly source: string;
}

/** Every way in which the real Azure may differ from the simulated one. A client has to end right under all of them. */
export const azureSwitches = {
  reimageOnNewestImage: {
    values: ['changedNodes', 'ignored', '304', 'refused', 'reimages'],
    says: 'What upgradeNodeImageVersion does to a pool that has the newest image: it reimages the nodes that would be made otherwise now, does nothing and says 202 or 304, refuses with 400, or reimages all nodes.',
    source:
      'Azure/azure-cli-extensions#5989 (2023) for nothing and for 304; Microsoft Learn, "Node disruption policy" (2026-03-11) for changed nodes; no recording shows a refusal, nor its words',
  },
  isolationReimages: {
    values: ['from137', 'never', 'always'],
    says: 'Whether AKS itself reimages the pools after a change of the bootstrap profile or the outbound type: from Kubernetes 1.37, never, or always.',
    source:
      'Azure/AKS#5913; Microsoft Learn, "Node disruption policy" (2026-03-11); another page says that it does not',
  },
  poolSettingReimages: {
    values: ['reimages', 'never'],
    says: 'Whether AKS makes the nodes of a pool anew when its LocalDNS profile, its artifact streaming or its Trusted Launch changes.',
    source:
      'Microsoft Learn, "Node disruption policy" (2026-03-11) and "Configure LocalDNS" (2026-07-06) say so; no recording shows it',
  },
  localDNSLeftOut: {
    values: ['resets', 'stays'],
    says: 'What becomes of the LocalDNS profile of a pool that an update leaves out.',
    source:
      'Microsoft Learn, "Configure LocalDNS" (2026-07-06) disables it by mode Disabled; of leaving it out no document speaks',
  },
  retryAfter: {
    values: ['30', 'none', '5', '120'],
    says: 'Seconds that AKS asks a client to wait between two polls of an operation; none: it sends no Retry-After.',
    source: 'no public recording shows the headers of a poll of AKS',
  },
  operationAddresses: {
    values: ['last', '400', '401', '403', '404'],
    says: 'Whether the signed address of an operation works until its end, or is answered with this status after five minutes.',
    source: 'the lifetime of the signature is in no document; 404 is reported for operations of AKS that run for long',
  },
  commandStart: {
    values: ['warm', 'cold'],
    says: 'Whether the first command on a new node starts in time. Cold: its pod does not start within 30 s, and a later command does, once its image is there.',
    source:
      'Azure/azure-cli#23203, #24192 (2022), "retry may helps"; whether the image is on the node is in no document',
  },
  commandFailure: {
    values: ['KubernetesPerformanceError', 'KubernetesOperationError'],
    says: 'The code of the failure of a command whose pod does not start in time, with 404 or 400.',
    source: 'Azure/azure-cli#27776 and #24192, which show different codes',
  },
  commandsAtOnce: {
    values: ['many', 'one'],
    says: 'Whether a cluster has room for the pods of several commands. One: another that comes meanwhile does not start in time.',
    source:
      'each requests 200m of CPU and 500Mi of memory (Azure/aks-command-runtime); what a node has left is its own affair',
  },
  commandTools: {
    values: ['withCurl', 'withoutCurl'],
    says: 'Whether the image in which commands run has curl.',
    source:
      'Microsoft Learn, "Access a private AKS cluster using command invoke" names kubectl, helm, jq, xargs, grep and awk',
  },
  longCommands: {
    values: ['run', 'fail'],
    says: 'What becomes of a command that takes longer than five minutes: it runs to its end, or fails then.',
    source:
      'Azure/azure-cli#22373 and Azure/azure-powershell#19133 (2022): one goes on when az gives up after five minutes, the other fails after some time; a limit is in no document',
  },
  commandToken: {
    values: ['ignored', 'required'],
    says: 'Whether a cluster that signs people in with Microsoft Entra ID refuses a command without their token.',
    source:
      'Azure REST API, "Managed Clusters - Run Command" has clusterToken for such clusters; what comes of a command without it is in no document',
  },
  attachedOutput: {
    values: ['whole', 'lost'],
    says: 'Whether kubectl run --attach shows the output of a container that has ended before it attached.',
    source: 'kubernetes/kubernetes#27264, open',
  },
  mirrorAddress: {
    values: ['withSlash', 'withoutSlash'],
    says: 'How the host of a mirror ends in hosts.toml where the cache rule has no prefix: /v2/ or /v2.',
    source: 'Azure/AgentBaker cse_config.sh in its versions',
  },
  managedRegistryOnDelete: {
    values: ['goes', 'stays'],
    says: 'Whether the registry that AKS manages goes with its cluster. Stays: in the node resource group, which then stays too.',
    source:
      'Microsoft Learn, "Network isolated clusters" (2026-06-15); a public report of a migration in 2026 says that it stays',
  },
  managedRegistryOnChange: {
    values: ['goes', 'stays'],
    says: 'Whether the registry that AKS manages goes when its cluster gets another one, or none.',
    source: 'no recording changes a managed registry to another one',
  },
  managedRegistryRole: {
    values: ['none', 'kubelet'],
    says: 'Who is shown to hold AcrPull on the registry that AKS manages: nobody, or the identity of the kubelet.',
    source:
      'Microsoft Learn, "Network isolated clusters" (2026-06-15): nobody has to assign permissions there; how AKS does is in no document',
  },
  poolsAtOnce: {
    values: ['many', 'one'],
    says: 'Whether AKS takes an operation on a pool while one runs on another pool of the cluster. One: it answers 409 OperationNotAllowed.',
    source: 'no recording has reimages of two pools at once, and no document promises them',
  },
  networkRelease: {
    values: ['atOnce', 'late'],
    says: 'Whether a subnet can be deleted when what was in it is gone, and a zone when its links are. Late: only ten minutes after.',
    source: 'Azure/azure-sdk-for-go#14967 (InUseSubnetCannotBeDeleted); Azure/azure-cli#15010 (CannotDeleteResource)',
  },
  permissionPages: {
    values: ['one', 'many'],
    says: 'Whether the permissions of a caller come on one page, or one on each, the first of which is empty.',
    source: 'Azure REST API, "Permissions - List For Resource Group" has a nextLink; sizes of pages are in no document',
  },
  registryLocation: {
    values: ['name', 'displayName'],
    says: 'Whether registries show their location as a name or as a display name.',
    source: 'older API versions of Azure Container Registry echo what was sent; recordings of 2025 have names',
  },
  gatewayErrors: {
    values: ['json', 'text'],
    says: 'Whether throttled requests are answered with JSON or with plain text.',
    source: 'gateways in front of Azure Resource Manager answer for it; seen in public logs of 429 and 503',
  },
} as const satisfies Record<string, Switch>;

export type AzureSwitch = keyof typeof azureSwitches;
type ValueOf<S extends AzureSwitch> = (typeof azureSwitches)[S]['values'][number];
export type AzureSwitches = { readonly [S in AzureSwitch]: ValueOf<S> };

const switchNames = Object.keys(azureSwitches) as AzureSwitch[];

const shape = Object.fromEntries(switchNames.map((name) => [name, z.enum(azureSwitches[name].values)])) as unknown as {
  [S in AzureSwitch]: z.ZodEnum<{ [V in ValueOf<S>]: V }>;
};

/** Switches that are moved; the others stay. */
export const azureSwitchMoves = z.strictObject(shape).partial();
export type AzureSwitchMoves = z.output<typeof azureSwitchMoves>;

/** The position of every switch. */
export const azureSwitchPositions = z.strictObject(shape);

export const azureSwitchDefaults = Object.fromEntries(
  switchNames.map((name) => [name, azureSwitches[name].values[0]]),
) as AzureSwitches;

/** @returns the positions after these moves */
export const withMoves = (positions: AzureSwitches, moves: AzureSwitchMoves): AzureSwitches =>
  azureSwitchPositions.parse({ ...positions, ...moves });
