const again = 'then start the scenario again';
const relax = `Relax the disruption budget that the message names, or add replicas, ${again}.`;

/** Azure's own codes. Sources: Microsoft Learn, "Troubleshoot AKS", and the resource providers' REST references. */
export const azureErrors = {
  AuthorizationFailed: {
    cause: "The worker's identity may not do what the message names.",
    whatToDo: `Give the worker's identity a role with the action that the message names, at the scope that it names, ${again}.`,
  },
  LinkedAuthorizationFailed: {
    cause: 'An identity may use the resource but not one that it is linked to, such as a subnet.',
    whatToDo: 'Give the identity a role with the action that the message names, on the linked resource.',
  },
  DenyAssignmentAuthorizationFailed: {
    cause:
      'A deny assignment keeps everybody but those that it names from the action, whatever their roles: that of a deployment stack, a managed application, or node resource group lockdown.',
    whatToDo: `Have whoever made it except the worker's identity, or lift it for the run, ${again}.`,
  },
  InvalidAuthenticationTokenTenant: {
    cause: 'What the message names is in a subscription of another tenant than that of the worker.',
    whatToDo: 'Use resources of one tenant, and a worker with an identity in it.',
  },
  InvalidAuthenticationToken: {
    cause: "Azure Resource Manager does not accept the worker's token.",
    whatToDo: "Check the worker's Azure credential: Azure Resource Manager does not accept its token.",
  },
  ExpiredAuthenticationToken: {
    cause: "The worker's token was out of date when it arrived.",
    whatToDo: "Check the clock of the worker's machine, and its Azure credential.",
  },
  SubscriptionNotFound: {
    cause: 'The subscription does not exist, or the worker cannot see it.',
    whatToDo: 'Check the subscription ID, and that the identity of the worker can see the subscription.',
  },
  MissingSubscriptionRegistration: {
    cause: 'A resource provider is not registered in the subscription.',
    whatToDo: `Register the resource provider that the message names, ${again}.`,
  },
  PreviewFeatureNotRegistered: {
    cause: 'The request needs a preview feature.',
    whatToDo: 'Register the preview feature, or use profile current.',
  },
  RequestDisallowedByPolicy: {
    cause: 'An Azure Policy forbids the request.',
    whatToDo: 'An Azure Policy forbids it: change the input, or ask for an exemption.',
  },
  QuotaExceeded: {
    cause: 'The region has no quota left for the request.',
    whatToDo: 'Ask for more quota in this region, or use smaller or fewer nodes.',
  },
  ErrCode_InsufficientVCPUQuota: {
    cause: 'The VM family has too few vCPUs left; nodes for surge count.',
    whatToDo: 'Ask for more vCPU quota for this VM family, or use smaller or fewer nodes.',
  },
  ManagedClusterCountExceedsQuotaLimit: {
    cause: 'The subscription has as many clusters in the region as it may.',
    whatToDo: 'Ask for a larger limit of clusters, or delete one.',
  },
  SubscriptionRequestsThrottled: {
    cause: 'The subscription made too many requests. It is asked again after the time that Azure gives.',
    whatToDo: 'Find what else uses the subscription so much, or run fewer scenarios at once.',
  },
  Throttled: {
    cause: 'AKS got too many requests. It is asked again after the time that it gives.',
    whatToDo: 'Find what else asks AKS so much, or run fewer scenarios at once.',
  },
  InvalidNetworkIsolatedClusterConfiguration: {
    cause: 'AKS takes outbound type none or block only with artifact source Cache.',
    whatToDo: 'Set bootstrapProfile.artifactSource to Cache together with the outbound type.',
  },
  OperationNotAllowed: {
    cause: 'The cluster or node pool is busy, stopped, or of a kind that does not take the request.',
    whatToDo: 'Another operation runs on the cluster. Wait for it to finish, or abort it, then start again.',
  },
  OperationBlockedByNodeDisruptionPolicy: {
    cause:
      'A subcode of OperationNotAllowed: node disruption policy Block forbids changes for which AKS reimages nodes.',
    whatToDo: 'Set the node disruption policy of the cluster to Allow for the run, then start again.',
  },
  OperationOutsideNodeDisruptionWindow: {
    cause:
      'A subcode of OperationNotAllowed: node disruption policy allows such changes in the maintenance window alone.',
    whatToDo:
      'Start again while the window aksManagedNodeOSUpgradeSchedule is open, or set the node disruption policy to Allow for the run.',
  },
  AnotherOperationInProgress: {
    cause: "Somebody else's operation ran on the resource, or one that it depends on, until the retries ended.",
    whatToDo: `Wait for that operation to finish, ${again}.`,
  },
  AKSOperationPreempted: {
    cause: 'Another request to the cluster took the place of this one.',
    whatToDo: 'Somebody else changed the cluster meanwhile. Agree on one writer, then start again.',
  },
  CustomKubeletIdentityMissingPermissionError: {
    cause: 'The control plane may not assign the kubelet identity to nodes.',
    whatToDo: 'Give the control plane identity the role Managed Identity Operator on the kubelet identity.',
  },
  UnsatisfiablePDB: { cause: 'A disruption budget allows no node to be drained.', whatToDo: relax },
  PodDrainFailure: { cause: 'A node could not be drained within the drain timeout.', whatToDo: relax },
  SubnetIsFull: {
    cause: 'The subnet of the nodes has no addresses left; nodes for surge need some too.',
    whatToDo: 'Use a larger subnet, fewer nodes or a smaller surge.',
  },
  InUseSubnetCannotBeDeleted: {
    cause: 'Something is still in the subnet, or held it until a moment ago.',
    whatToDo: `Delete what the message names, if nobody needs it, ${again}.`,
  },
  CannotDeleteResource: {
    cause: 'Something still holds the resource, such as the link of a private DNS zone, or did until a moment ago.',
    whatToDo: `Delete what the message names, if nobody needs it, ${again}.`,
  },
  ScopeLocked: {
    cause: 'A lock forbids the change.',
    whatToDo: 'Remove the lock that the message names, then start again.',
  },
  ResourceGroupBeingDeleted: {
    cause: 'Somebody deletes the resource group.',
    whatToDo: 'Wait until the resource group is gone, then start again.',
  },
  TargetRepositoryPrefixMatchesExistingRegistries: {
    cause: 'The registry has images under the prefix of the cache rule.',
    whatToDo:
      'The registry has images where the cache rule would put its own: use another registry, or move these images.',
  },
} as const;

/** Causes that Azure tells in words, under several codes. */
export const azureCauses = {
  'Exit status 211': {
    cause: 'A node could not get from the registry what it boots with.',
    whatToDo:
      'Nodes cannot reach the registry, or it lacks the cache rule: check the private endpoint, the DNS records, the link of the zone to the network, and the rule.',
  },
  'Exit status 212': {
    cause: 'The registry did not let a node pull what it boots with.',
    whatToDo: 'Nodes reach the registry and may not pull: give the kubelet identity the role AcrPull on it.',
  },
  'Overlapping namespaces': {
    cause:
      'A network takes one zone of a name. AKS may keep that of its own registry linked once the cluster has left that.',
    whatToDo:
      'The network takes one zone of this name, and the message names the link of another one. Where AKS has kept it for a registry that the cluster leaves: start again with onFailure hold, delete that link once the run holds, then decide retry. Otherwise unlink that zone, or have the registry use it (registry.privateDnsZone.resourceId).',
  },
} as const;
export type AzureCause = keyof typeof azureCauses;

/** Azure's codes that the product acts on, and that no operator has to look up. */
export type HandledAzureError =
  | 'CanceledAndSupersededDueToAnotherOperation'
  | 'EtagMismatch'
  | 'InvalidResourceNamespace'
  | 'InvalidResourceType'
  | 'NoRegisteredProviderFound'
  | 'NotFound'
  | 'ParentResourceNotFound'
  | 'PreconditionFailed'
  | 'ResourceGroupNotFound'
  | 'ResourceNotFound'
  | 'RetryableError'
  | 'RetryableErrorDueToAnotherOperation'
  | 'RoleAssignmentExists'
  | 'RunCommandDisabled';
