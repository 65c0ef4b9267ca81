import { compareVersions } from 'compare-versions';
import type { Body } from '../../arm/json.ts';
import type { Edition, World } from '../../arm/world.ts';
import { aksError } from './errors.ts';

interface Offer {
  readonly defaultMinor: string;
  /** Minor version → patches, newest first. */
  readonly minors: Readonly<Record<string, readonly string[]>>;
  readonly nodeImage: string;
}

/** The versions that a region offers. They are modelled, since AKS changes them every few weeks. */
const offers: Readonly<Record<Edition, Offer>> = {
  current: {
    defaultMinor: '1.34',
    minors: {
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

/** The full patch version for `1.34` or `1.34.5`. @throws ArmError 400 K8sVersionNotSupported */
export function patchOf(edition: Edition, version: string): string {
  const [major, minor, patch] = version.split('.');
  const patches = offers[edition].minors[`${major}.${minor}`] ?? [];
  const found = patch === undefined ? patches[0] : patches.find((one) => one === version);
  if (found !== undefined) return found;
  throw aksError(
    400,
    'K8sVersionNotSupported',
    `Managed cluster is on version ${version}, which is not supported in this region. Please use [az aks get-versions] command to get the supported version list in this region.`,
  );
}

/** Patches a cluster or pool on `version` can move to: newer ones of its own and of the next minor version. */
export function upgradesFrom(edition: Edition, version: string): string[] {
  const minor = Number(version.split('.')[1]);
  return allPatches(edition).filter((patch) => {
    const other = Number(patch.split('.')[1]);
    return compareVersions(patch, version) > 0 && other <= minor + 1;
  });
}

/** Every patch version on offer. */
export function allPatches(edition: Edition): string[] {
  return Object.values(offers[edition].minors).flat();
}

/** GET …/locations/{location}/kubernetesVersions. */
export function kubernetesVersions(edition: Edition): Body {
  const { minors, defaultMinor } = offers[edition];
  const values = Object.entries(minors).map(([version, patches]) => ({
    version,
    ...(version === defaultMinor && { isDefault: true }),
    capabilities: { supportPlan: ['KubernetesOfficial', 'AKSLongTermSupport'] },
    patchVersions: Object.fromEntries(patches.map((patch) => [patch, { upgrades: upgradesFrom(edition, patch) }])),
  }));
  return { values };
}
