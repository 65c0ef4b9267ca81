import type { PlannedStep, StepId } from '../../contract/plan.ts';
import { type Profile, profileSetting } from '../../contract/profiles.ts';
import { notRead } from '../../resources/discovery.ts';
import { featureId, providerId } from '../../resources/ids.ts';
import { type Part, stepIds } from '../engine/part.ts';

/** Preview features and resource providers that must be registered before anything else. Guide: "Before you begin". */
export interface Registrations {
  subscriptionId: string;
  features: readonly string[];
  providers: readonly string[];
}

/** Everything that decides which registrations are needed. */
export interface RegistrationNeeds {
  subscriptionId: string;
  profile: Profile;
  vnetIntegration: boolean;
  /** Whether a cluster shows that the subscription's registrations have taken effect. */
  alreadyRegistered: boolean;
}

interface RegistrationStates {
  providers: Record<string, string>;
  features: Record<string, string>;
}

/** The resource providers that the guide names. */
const guideProviders = ['Microsoft.ContainerService', 'Microsoft.ContainerRegistry'];
/** The resource providers of what AKS, or this product, makes besides. */
const otherProviders = ['Microsoft.Compute', 'Microsoft.ManagedIdentity', 'Microsoft.Network'];
export const lookedAtProviders: readonly string[] = [...guideProviders, ...otherProviders];

const registrationsStay =
  'Registrations are the whole subscription’s and cost nothing: others may rely on them, so they stay';

export function requiredFeatures({
  profile,
  vnetIntegration,
}: Pick<RegistrationNeeds, 'profile' | 'vnetIntegration'>): readonly string[] {
  const features = profileSetting(profile, 'featureFlags');
  return vnetIntegration ? [...features.always, ...features.vnetIntegration] : features.always;
}

export interface PlannedRegistrations extends Part {
  registrations: Registrations;
}

export function planRegistrations(needs: RegistrationNeeds, seen: RegistrationStates): PlannedRegistrations {
  const features = featureSteps(needs, seen);
  const providers = providerSteps(needs, seen, features);
  return {
    registrations: {
      subscriptionId: needs.subscriptionId,
      features: requiredFeatures(needs),
      providers: requiredProviders(seen),
    },
    steps: [...features, ...providers],
    problems: [],
  };
}

/** The step that registers a provider; none where it is registered. */
export const registrationOf = (namespace: string, { steps }: PlannedRegistrations): StepId[] =>
  stepIds(steps.filter(({ id, action }) => id === `provider:${namespace}` && action === 'create'));

function featureSteps(needs: RegistrationNeeds, { features }: RegistrationStates): PlannedStep[] {
  const { subscriptionId, alreadyRegistered } = needs;
  return requiredFeatures(needs).map((feature) => {
    const state = features[feature] ?? 'NotFound';
    const isMissing = state !== 'Registered' && state !== notRead;
    return {
      id: `feature:${feature}`,
      kind: 'feature',
      title: `Feature ${feature}`,
      action: !alreadyRegistered && isMissing ? 'create' : 'none',
      reason: alreadyRegistered ? 'the cluster is there' : reasonOf(state),
      needs: [],
      resourceId: featureId(subscriptionId, 'Microsoft.ContainerService', feature),
      forwardOnly: registrationsStay,
    };
  });
}

function providerSteps(
  { subscriptionId, profile, alreadyRegistered }: RegistrationNeeds,
  seen: RegistrationStates,
  features: readonly PlannedStep[],
): PlannedStep[] {
  const again = profileSetting(profile, 'featureFlags').registerProvidersAgain && !alreadyRegistered;
  const step = (namespace: string, repeat: boolean): PlannedStep => {
    const state = seen.providers[namespace] ?? 'NotRegistered';
    const registered = state === 'Registered';
    const isKnown = state !== notRead;
    return {
      id: `provider:${namespace}`,
      kind: 'provider',
      title: `Resource provider ${namespace}`,
      action: registered ? (repeat ? 'update' : 'none') : isKnown ? 'create' : 'none',
      reason: registered && repeat ? 'so that the features take effect' : reasonOf(state),
      needs: repeat ? stepIds(features) : [],
      resourceId: providerId(subscriptionId, namespace),
      forwardOnly: registrationsStay,
    };
  };
  return requiredProviders(seen).map((namespace) => step(namespace, again && guideProviders.includes(namespace)));
}

/** The worker could not register what it may not read: another one has, or Azure refuses the first request that needs it. */
const reasonOf = (state: string): string => (state === notRead ? 'not read: taken to be registered' : state);

const requiredProviders = ({ providers }: Pick<RegistrationStates, 'providers'>): string[] => [
  ...guideProviders,
  ...otherProviders.filter((namespace) => providers[namespace] !== 'Registered'),
];
