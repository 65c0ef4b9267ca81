import { describe, expect, it } from '@jest/globals';
import { profileDifference, profileSetting, profiles, profileTable } from '../../contract/index.ts';

const rows = Object.values(profileTable);

describe('the profile table', () => {
  it('has the differences P1 to P12, each once', () => {
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 12 }, (_, index) => `P${index + 1}`));
  });

  it.each(rows.map((row) => [row.id, row] as const))('explains %s with sources', (_id, row) => {
    expect(row.sources.length).toBeGreaterThan(0);
    for (const text of [row.step, row.why, ...profiles.map((profile) => row[profile].does), ...row.sources]) {
      expect(text.trim()).not.toBe('');
    }
    expect(row.preview.does).not.toBe(row.current.does);
  });

  it('tells the code what the current profile does', () => {
    expect(profileSetting('current', 'featureFlags')).toEqual({
      always: [],
      vnetIntegration: [],
      registerProvidersAgain: false,
    });
    expect(profileSetting('current', 'cacheRule').targetRepository).toBe('aks-managed-repository/*');
    expect(profileSetting('current', 'anonymousPull')).toBe(false);
    expect(profileSetting('current', 'isolationInPhases')).toBe(true);
    expect(profileSetting('current', 'privateClusterWithVnetIntegration')).toBe(true);
    expect(profileSetting('current', 'outboundTypes')).toEqual(['none']);
    expect(profileSetting('current', 'defaultKubernetesVersion')).toBeUndefined();
  });

  it('tells the code what the guide says', () => {
    expect(profileSetting('preview', 'featureFlags')).toEqual({
      always: ['NetworkIsolatedClusterPreview'],
      vnetIntegration: ['EnableAPIServerVnetIntegrationPreview'],
      registerProvidersAgain: true,
    });
    expect(profileSetting('preview', 'cacheRule').targetRepository).toBe('*');
    expect(profileSetting('preview', 'anonymousPull')).toBe(true);
    expect(profileSetting('preview', 'isolationInPhases')).toBe(false);
    expect(profileSetting('preview', 'privateClusterWithVnetIntegration')).toBe(false);
    expect(profileSetting('preview', 'outboundTypes')).toEqual(['none', 'block']);
    expect(profileSetting('preview', 'defaultKubernetesVersion')).toBe('1.30.3');
  });

  it.each([
    ['current', "the region's default version", 'preview: 1.30.3'],
    ['preview', '1.30.3', "current: the region's default version"],
  ] as const)('shows an operator a difference under profile %s', (profile, does, otherwise) => {
    const { id, step, why, sources } = profileTable.defaultKubernetesVersion;
    expect(profileDifference(profile, 'defaultKubernetesVersion')).toEqual({
      id,
      step,
      profile,
      does,
      otherwise,
      why,
      sources,
    });
  });
});
