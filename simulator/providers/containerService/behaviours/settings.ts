import type { Behaviour } from '../../../arm/provider.ts';

const cluster = 'Microsoft.ContainerService/managedClusters';
const planned = 'Microsoft Learn, "Use planned maintenance" (2025-12-19)';
const outboundTypes = 'Microsoft Learn, "Customize cluster egress with outbound types" (2026-08-05)';

/** Settings of a cluster that AKS takes, refuses and resets. */
export const settings: readonly Behaviour[] = [
  {
    id: 'aks-reset',
    resourceType: cluster,
    says: 'A PUT of a cluster or a pool resets the settings that it leaves out. It keeps what is fixed at creation, what AKS has given, add-ons and storage drivers that it does not name, where nodes boot from, the outbound type, and the node disruption profile, which only preview API versions have.',
    evidence: 'modelled',
    source:
      'microsoft/tyger#121 (full replace); Azure/AKS#2904 for add-ons; azure-cli test_aks_network_isolated_cluster.yaml for what stays. Which settings Azure keeps is not documented: this is on the strict side',
    test: 'containerService/resets.test.ts: resets the settings that it leaves out, and keeps what is fixed or AKS’s',
  },
  {
    id: 'aks-own-addresses',
    resourceType: cluster,
    says: 'Own outbound addresses of the load balancer or of the NAT gateway are shown, and used in place of managed ones; under another outbound type they are gone.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Use a public standard load balancer in AKS"',
    test: 'containerService/resets.test.ts: is shown: add-ons, own outbound addresses, ranges that may reach the API server',
  },
  {
    id: 'aks-outbound-old-compute',
    resourceType: cluster,
    says: 'Outbound types can be set only where all pools are scale sets and the load balancer is a Standard one.',
    evidence: 'documented',
    source: `${outboundTypes}, limitations (the code is modelled, and that AKS still makes such clusters)`,
    test: 'containerService/outboundTypes.test.ts: of a cluster with %s cannot be set',
  },
  {
    id: 'aks-nap-limits',
    resourceType: cluster,
    says: 'The outbound type of a cluster with node auto-provisioning cannot be changed, it cannot be stopped, and has neither kubenet nor Windows pools.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Node auto-provisioning" (2026-02-15); Azure/AKS#4759 for the code and the form of the text',
    test: 'containerService/outboundTypes.test.ts: cannot be changed, though it can be any from the start',
  },
  {
    id: 'aks-nat-gateway-v2',
    resourceType: cluster,
    says: 'A NAT gateway of the second generation, told by natGatewayProfile.sku or as managedNATGatewayV2, can be left for none and block alone.',
    evidence: 'documented',
    source: `Azure/AKS PR #5820 (release notes of June 2026) against ${outboundTypes}, which has no way out; Azure/azure-rest-api-specs PR #45002`,
    test: 'containerService/outboundTypes.test.ts: told by %s leads to none and block alone',
  },
  {
    id: 'aks-authorized-ranges',
    resourceType: cluster,
    says: 'Authorized IP ranges are refused for private clusters.',
    evidence: 'documented',
    source: 'Microsoft Learn, "API server authorized IP ranges" (2026-08-03; the code is modelled)',
    test: 'containerService/resets.test.ts: as authorized ranges does not go with a private cluster',
  },
  {
    id: 'aks-encrypted-network',
    resourceType: cluster,
    says: 'API Server VNet Integration is refused in an encrypted network with VMs of the fourth generation or later.',
    evidence: 'documented',
    source: 'Microsoft Learn, "API Server VNet Integration" (2026-04-15; the code is modelled)',
    test: 'containerService/disruption.test.ts: API Server VNet Integration refuses an encrypted network with VMs that encrypt',
  },
  {
    id: 'aks-long-term-only',
    resourceType: cluster,
    says: 'A version with long-term support alone gets K8sVersionNotSupported unless the plan is AKSLongTermSupport, in the Premium tier. Clusters on a version that has aged stay, and change otherwise.',
    evidence: 'recorded',
    source:
      'apecloud/kubeblocks PR #10136; Microsoft Learn, "Long-term support" (2026-08-05) and "Supported Kubernetes versions" (which versions they are is modelled)',
    test: 'containerService/supportedVersions.test.ts: a version with long-term support alone needs the plan for it, and the Premium tier',
  },
  {
    id: 'aks-disruption-policy',
    resourceType: cluster,
    says: 'nodeDisruptionPolicy refuses changes that reimage nodes with 409 OperationNotAllowed, subcode OperationBlockedByNodeDisruptionPolicy or OperationOutsideNodeDisruptionWindow. Of isolation it refuses changes from Kubernetes 1.37 on; a new image never.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Node disruption policy" (2026-03-11); Microsoft troubleshooting of upgrades and scaling for the subcodes; Azure/AKS#5913 for 1.37 (the text is modelled)',
    test: 'containerService/disruption.test.ts: that blocks refuses what reimages nodes, and not a new image',
  },
  {
    id: 'aks-maintenance-configurations',
    resourceType: `${cluster}/maintenanceConfigurations`,
    says: 'There are three, by name. A window has one schedule, of every day, week or month; default takes weeks alone. It lasts 4 to 24 hours, and begins on the day on which it was made where startDate is left out. The older form, timeInWeek, stays as it was written.',
    evidence: 'documented',
    source: `${planned} (that the older form stays, and the texts, are modelled: Azure turns it into a window)`,
    test: 'containerService/maintenance.test.ts: takes %s',
  },
  {
    id: 'aks-maintenance-open',
    resourceType: `${cluster}/maintenanceConfigurations`,
    says: 'A window opens on the days of its schedule, by the clock of its offset, for as long as it lasts, but not on notAllowedDates, whose last day is one of them. An interval counts from the first such day on or after startDate; a month without the day has no window.',
    evidence: 'documented',
    source:
      'Azure SDK for JavaScript, arm-containerservice 25.5.0, MaintenanceWindow (API 2026-06-01) for notAllowedDates and utcOffset; hashicorp/terraform-provider-azurerm#23979 for weekIndex; Azure/AKS#5720 (2026-04-13) for the interval, which leaves room (short months are modelled)',
    test: 'containerService/maintenance.test.ts: opens %s',
  },
];
