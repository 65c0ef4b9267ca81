import { compareVersions } from 'compare-versions';
import type { Body } from '../../arm/json.ts';
import type { Edition, World } from '../../arm/world.ts';
import { aksError } from './errors.ts';
import type { ClusterBody } from './shapes.ts';

interface Offer {
  readonly defaultMinor: string;
  /** Minor versions that are out of community support: there is long-term support for them, and no other. */
  readonly longTermOnly: readonly string[];
  /** Minor version → patches, newest first. */
  readonly minors: Readonly<Record<string, readonly string[]>>;
  readonly nodeImage: string;
}

/** The versions that a region offers. They are modelled, since AKS changes them every few weeks. */
const offers: Readonly<Record<Edition, Offer>> = {
  current: {
    defaultMinor: '1.34',
    // Community support of 1.33 ended in July 2026 (Microsoft Learn, "Supported Kubernetes versions", 2026-08).
    longTermOnly: ['1.32', '1.33'],
    minors: {
      '1.32': ['1.32.11', '1.32.10'],
      '1.33': ['1.33.9', '1.33.8'],
      '1.34': ['1.34.6', '1.34.5'],
      '1.35': ['1.35.3', '1.35.2'],
      '1.36': ['1.36.1', '1.36.0'],
      '1.37': ['1.37.1', '1.37.0'],
    },
    nodeImage: 'AKSUbuntu-2204gen2containerd-202610.19.0',
  },
  '2024-preview': {
    defaultMinor: '1.30',
    longTermOnly: [],
    minors: {
      '1.28': ['1.28.14', '1.28.13'],
      '1.29': ['1.29.9', '1.29.8'],
      '1.30': ['1.30.5', '1.30.4', '1.30.3', '1.30.2', '1.30.1', '1.30.0'],
      '1.31': ['1.31.1'],
    },
    nodeImage: 'AKSUbuntu-2204gen2containerd-202410.27.0',
  },
};

/** The node image of a new or reimaged pool. A newer one comes each week. */
export function latestNodeImage({ edition, nodeImageWeeks }: World): string {
  const [, prefix = '', date = '', patch = ''] = /^(.*-)(\d{6}\.\d{2})(\.\d+)$/.exec(offers[edition].nodeImage) ?? [];
  const released = new Date(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(7)}T00:00:00Z`);
  released.setUTCDate(released.getUTCDate() + 7 * nodeImageWeeks);
  const [year = '', month = '', day = ''] = released.toISOString().slice(0, 10).split('-');
  return `${prefix}${year}${month}.${day}${patch}`;
}

/** The minor version of a cluster that names none. */
export function defaultVersion(edition: Edition): string {
  return offers[edition].defaultMinor;
}

type Support = 'community' | 'longTerm' | 'none';

/** The support that a minor version has now: a version that was offered with a cluster ages. */
function supportOf({ edition, settings }: World, minor: string): Support {
  return settings.kubernetes[minor] ?? (offers[edition].longTermOnly.includes(minor) ? 'longTerm' : 'community');
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** The full patch version for `1.34` or `1.34.5`. @throws ArmError 400 K8sVersionNotSupported */
export function patchOf(world: World, version: string): string {
  const minor = minorOf(version);
  const patches = supportOf(world, minor) === 'none' ? [] : (offers[world.edition].minors[minor] ?? []);
  const found = version === minor ? patches[0] : patches.find((one) => one === version);
  if (found !== undefined) return found;
  throw aksError(
    400,
    'K8sVersionNotSupported',
    `Managed cluster is on version ${version}, which is not supported in this region. Please use [az aks get-versions] command to get the supported version list in this region. For more information, please check https://aka.ms/supported-version-list`,
  );
}

/** Recorded in https://github.com/apecloud/kubeblocks/pull/10136. @throws ArmError 400 K8sVersionNotSupported */
export function refuseLongTermOnly(world: World, cluster: string, patch: string): void {
  if (supportOf(world, minorOf(patch)) === 'community') return;
  throw aksError(
    400,
    'K8sVersionNotSupported',
    `Managed cluster ${cluster} is on version ${patch}, which is only available for Long-Term Support (LTS). If you intend to onboard to LTS, please ensure the cluster is in Premium tier and LTS support plan (see https://aka.ms/aks/enable-lts). Otherwise, use [az aks get-versions] command to get the supported version list in this region. For more information, please check https://aka.ms/supported-version-list`,
  );
}

/** Patches a cluster or pool on `version` can move to: newer ones of its own and of the next minor version. */
export function upgradesFrom(world: World, version: string): string[] {
  const minor = Number(version.split('.')[1]);
  return allPatches(world).filter((patch) => {
    const other = Number(patch.split('.')[1]);
    return compareVersions(patch, version) > 0 && other <= minor + 1;
  });
}

/** Every patch version on offer. */
export const allPatches = (world: World): string[] => offered(world).flatMap(([, patches]) => patches);

const offered = (world: World) =>
  Object.entries(offers[world.edition].minors).filter(([minor]) => supportOf(world, minor) !== 'none');

/** GET …/locations/{location}/kubernetesVersions. */
export function kubernetesVersions(world: World): Body {
  const { defaultMinor } = offers[world.edition];
  const values = offered(world).map(([version, patches]) => ({
    version,
    ...(version === defaultMinor && { isDefault: true }),
    capabilities: {
      supportPlan: [...(supportOf(world, version) === 'community' ? ['KubernetesOfficial'] : []), 'AKSLongTermSupport'],
    },
    patchVersions: Object.fromEntries(patches.map((patch) => [patch, { upgrades: upgradesFrom(world, patch) }])),
  }));
  return { values };
}

/** Whether AKS reimages nodes by itself when where they boot from or how they leave changes. */
export function reimagesForIsolation({ settings, edition }: World, { properties }: ClusterBody): boolean {
  const { isolationReimages } = settings.azure;
  if (isolationReimages !== 'from137') return isolationReimages === 'always';
  return edition === 'current' && compareVersions(properties.currentKubernetesVersion, '1.37') >= 0;
}
