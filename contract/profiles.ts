import type { ClosedOutboundType } from '../resources/outboundTypes.ts';
import type { RegistryAccess } from '../resources/registries.ts';

/** `current`: what Azure accepts today. `preview`: the guide of November 2024 to the letter. */
export const profiles = ['current', 'preview'] as const;
export type Profile = (typeof profiles)[number];

interface ProfileRow<T> {
  id: `P${number}`;
  step: string;
  /** `does` tells people what the profile does; the code acts on `value`. */
  preview: { does: string; value: T };
  current: { does: string; value: T };
  why: string;
  sources: readonly string[];
}

const row = <const T>(definition: ProfileRow<T>): ProfileRow<T> => definition;

const guide = 'AKS guide "Create a network isolated AKS cluster (Preview)", 2024-11-10';

/** Every difference between the guide and today's Azure, once. Nothing else may ask which profile is in force. */
export const profileTable = {
  featureFlags: row<{ always: readonly string[]; vnetIntegration: readonly string[]; registerProvidersAgain: boolean }>(
    {
      id: 'P1',
      step: 'feature flags',
      preview: {
        does: 'registers the preview features, waits for them, then registers the resource providers again',
        value: {
          always: ['NetworkIsolatedClusterPreview'],
          vnetIntegration: ['EnableAPIServerVnetIntegrationPreview'],
          registerProvidersAgain: true,
        },
      },
      current: {
        does: 'no features; resource providers are registered only where they are not',
        value: { always: [], vnetIntegration: [], registerProvidersAgain: false },
      },
      why: 'The feature is generally available since April 2025; waiting for a retired flag may never end.',
      sources: [guide, 'AKS release notes 2025-04', 'Azure/AKS#60'],
    },
  ),
  cacheRule: row<{ name: string; nameIsFree: boolean; sourceRepository: string; targetRepository: string }>({
    id: 'P2',
    step: "cache rule of one's own registry",
    preview: {
      does: 'copies mcr.microsoft.com/* to *',
      value: {
        name: 'acr-cache-rule',
        nameIsFree: true,
        sourceRepository: 'mcr.microsoft.com/*',
        targetRepository: '*',
      },
    },
    current: {
      does: 'rule aks-managed-mcr copies mcr.microsoft.com/* to aks-managed-repository/*',
      value: {
        name: 'aks-managed-mcr',
        nameIsFree: false,
        sourceRepository: 'mcr.microsoft.com/*',
        targetRepository: 'aks-managed-repository/*',
      },
    },
    why: 'Nodes look under aks-managed-repository/; with another rule they fail with exit status 211.',
    sources: [guide, 'AKS docs network-isolated.md', 'Azure/AKS#3319', 'Azure/AKS#4881'],
  }),
  anonymousPull: row<boolean>({
    id: 'P3',
    step: "anonymous pull from one's own registry",
    preview: { does: 'enabled', value: true },
    current: { does: 'disabled; the kubelet identity signs in with AcrPull', value: false },
    why: 'Since March 2025 nodes sign in; leaving anonymous pull on is a security finding.',
    sources: [guide, 'AKS release notes 2025-03-16', 'Azure/AKS#4764'],
  }),
  isolationInPhases: row<boolean>({
    id: 'P4',
    step: 'isolating an existing cluster',
    preview: { does: 'one update with Cache and none, then reimages all pools', value: false },
    current: {
      does: 'Cache, then reimages every pool while egress still exists, then outbound type none',
      value: true,
    },
    why: 'Nodes need egress until they are reimaged; the one-shot update is refused with InvalidNetworkIsolatedClusterConfiguration.',
    sources: [guide, 'MicrosoftDocs/azure-aks-docs#308', 'hashicorp/terraform-provider-azurerm#32598'],
  }),
  privateClusterWithVnetIntegration: row<boolean>({
    id: 'P5',
    step: 'API server VNet integration',
    preview: { does: 'enableVnetIntegration alone', value: false },
    current: { does: 'enableVnetIntegration together with enablePrivateCluster', value: true },
    why: 'VNet integration alone leaves a public API server endpoint.',
    sources: [guide, 'AKS docs api-server-vnet-integration.md'],
  }),
  outboundTypes: row<readonly ClosedOutboundType[]>({
    id: 'P6',
    step: 'outbound type',
    preview: { does: 'none or block', value: ['none', 'block'] },
    current: { does: 'none', value: ['none'] },
    why: 'block is still in preview, is in no published schema and works in a managed VNet only.',
    sources: [guide, 'AKS docs egress-outboundtype.md'],
  }),
  defaultKubernetesVersion: row<string | undefined>({
    id: 'P7',
    step: 'Kubernetes version, when none is given',
    preview: { does: '1.30.3', value: '1.30.3' },
    current: { does: "the region's default version", value: undefined },
    why: '1.30.3 is no longer offered.',
    sources: [guide, 'Azure/terraform#494'],
  }),
  changingTheRegistry: row<null>({
    id: 'P8',
    step: 'changing the registry ID',
    preview: { does: 'sends artifactSource Cache along with the ID', value: null },
    current: { does: 'sends artifactSource Cache along with the ID, and reads it back', value: null },
    why: 'Without Cache the ID is silently ignored.',
    sources: [guide, 'Azure/azure-cli#31209'],
  }),
  disabling: row<null>({
    id: 'P9',
    step: 'disabling isolation',
    preview: { does: 'Direct and loadBalancer in one update, then reimages all pools', value: null },
    current: { does: 'the same, and checks that the managed registry and its endpoint are gone', value: null },
    why: 'If the outbound type changes but Cache stays, AKS keeps the managed registry.',
    sources: [guide, 'MicrosoftDocs/azure-aks-docs#184', 'AKS docs concepts-network-isolated.md'],
  }),
  reimaging: row<null>({
    id: 'P10',
    step: 'reimaging node pools',
    preview: { does: 'az aks upgrade --node-image-only for the whole cluster', value: null },
    current: { does: 'upgradeNodeImageVersion for each pool, waited for and proven', value: null },
    why: 'A pool on the latest image may do nothing; an equal nodeImageVersion proves nothing; Machines pools refuse it.',
    sources: [guide, 'Azure/azure-cli-extensions#5989', 'Azure/azure-cli#25809', 'Azure/azure-cli#33693'],
  }),
  reimageByItself: row<null>({
    id: 'P11',
    step: 'changing the bootstrap profile or outbound type on Kubernetes 1.37 and later',
    preview: { does: 'does not apply', value: null },
    current: { does: 'looks at the pools before reimaging them again: AKS may have done it', value: null },
    why: 'Two Microsoft pages disagree on whether AKS reimages by itself.',
    sources: ['Azure/AKS#5913', 'AKS docs node-disruption-policy.md'],
  }),
  endpointPolicies: row<boolean>({
    id: 'P12',
    step: "network policies of the subnet of the registry's private endpoint",
    preview: { does: 'switched off, for all endpoints in a subnet that is there', value: true },
    current: { does: 'left as they are; a subnet that is made has none', value: false },
    why: 'They decide whether security rules and routes of the subnet hold for its endpoints. Azure makes endpoints either way since 2022, and the subnet may be shared.',
    sources: [guide, 'Microsoft Learn, "Manage network policies for private endpoints"', 'Azure/Community-Policy#506'],
  }),
} as const;

export type ProfileSetting = keyof typeof profileTable;
type SettingValue<S extends ProfileSetting> = (typeof profileTable)[S] extends ProfileRow<infer T> ? T : never;

/** The value on which the code acts under this profile. */
export function profileSetting<S extends ProfileSetting>(profile: Profile, setting: S): SettingValue<S>;
export function profileSetting(profile: Profile, setting: ProfileSetting): unknown {
  return profileTable[setting][profile].value;
}

/** A difference that acts in a run, as the plan shows it. */
export interface ProfileDifference {
  id: string;
  step: string;
  profile: Profile;
  does: string;
  otherwise: string;
  why: string;
  sources: readonly string[];
}

/** Explains a difference to an operator: what this run does, what the other profile would do, and why. */
export function profileDifference(profile: Profile, setting: ProfileSetting): ProfileDifference {
  const { id, step, why, sources, ...does } = profileTable[setting];
  const other = profile === 'current' ? 'preview' : 'current';
  return { id, step, profile, does: does[profile].does, otherwise: `${other}: ${does[other].does}`, why, sources };
}

/** The oldest Kubernetes minor version with network isolation, in both profiles. Source: AKS docs network-isolated.md. */
export const minimumKubernetesVersion = '1.30';

/** The setting that acts where an outbound type is not for every profile. */
export const outboundTypeSettings = (outboundType: ClosedOutboundType): ProfileSetting[] =>
  profiles.every((profile) => profileSetting(profile, 'outboundTypes').includes(outboundType)) ? [] : ['outboundTypes'];

export const registryAccess = (profile: Profile): RegistryAccess => ({
  publicNetworkAccess: 'Disabled',
  anonymousPullEnabled: profileSetting(profile, 'anonymousPull'),
});
