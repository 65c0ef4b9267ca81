"""Azure's SDKs for Python, unmodified, against the simulator: the resources of the guide, made, read and deleted."""

import os

from azure.identity import ManagedIdentityCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.resource import ResourceManagementClient

ENDPOINT = os.environ["ARM_ENDPOINT"]
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP, LOCATION = "python", "westeurope"

credential = ManagedIdentityCredential()
common = dict(base_url=ENDPOINT, credential_scopes=["https://management.azure.com/.default"])
groups = ResourceManagementClient(credential, SUBSCRIPTION, **common).resource_groups
network = NetworkManagementClient(credential, SUBSCRIPTION, **common)
dns = PrivateDnsManagementClient(credential, SUBSCRIPTION, **common)
registries = ContainerRegistryManagementClient(credential, SUBSCRIPTION, **common)
identities = ManagedServiceIdentityClient(credential, SUBSCRIPTION, **common).user_assigned_identities
roles = AuthorizationManagementClient(credential, SUBSCRIPTION, **common)
aks = ContainerServiceClient(credential, SUBSCRIPTION, **common)


def check(what, seen, expected):
    print(f"  {what}: {seen}")
    assert seen == expected, f"{what}: {seen!r} instead of {expected!r}"


groups.create_or_update(GROUP, {"location": LOCATION})
vnet = network.virtual_networks.begin_create_or_update(
    GROUP,
    "vnet",
    {
        "location": LOCATION,
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
            "subnets": [{"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/24"}}],
        },
    },
).result()
check("virtual network", vnet.provisioning_state, "Succeeded")

registry = registries.registries.begin_create(
    GROUP, "pythonsdk01", {"location": LOCATION, "sku": {"name": "Premium"}, "properties": {"publicNetworkAccess": "Disabled"}}
).result()
check("registry", registry.login_server, "pythonsdk01.azurecr.io")

endpoint = network.private_endpoints.begin_create_or_update(
    GROUP,
    "endpoint",
    {
        "location": LOCATION,
        "properties": {
            "subnet": {"id": vnet.subnets[0].id},
            "privateLinkServiceConnections": [
                {"name": "c", "properties": {"privateLinkServiceId": registry.id, "groupIds": ["registry"]}}
            ],
        },
    },
).result()
check("private endpoint", len(endpoint.custom_dns_configs), 2)

zone = dns.private_zones.begin_create_or_update(GROUP, "privatelink.azurecr.io", {"location": "global"}).result()
check("zone", zone.name, "privatelink.azurecr.io")
record = dns.record_sets.create_or_update(
    GROUP, zone.name, "A", "pythonsdk01", {"ttl": 60, "a_records": [{"ipv4_address": "10.1.0.5"}]}
)
check("record", record.fqdn, "pythonsdk01.privatelink.azurecr.io.")

identity = identities.create_or_update(GROUP, "control-plane", {"location": LOCATION})
assignment = roles.role_assignments.create(
    registry.id,
    "0e0e0e0e-0e0e-4e0e-8e0e-0e0e0e0e0e0e",
    {
        "properties": {
            "roleDefinitionId": f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d",
            "principalId": identity.principal_id,
            "principalType": "ServicePrincipal",
        }
    },
)
check("role assignment", assignment.principal_id, identity.principal_id)

cluster = aks.managed_clusters.begin_create_or_update(
    GROUP,
    "cluster",
    {
        "location": LOCATION,
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": "python",
            "agentPoolProfiles": [{"name": "nodepool1", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5"}],
            "networkProfile": {"networkPlugin": "azure", "outboundType": "none"},
            "apiServerAccessProfile": {"enablePrivateCluster": True},
            "bootstrapProfile": {"artifactSource": "Cache"},
        },
    },
).result()
check("cluster", (cluster.provisioning_state, cluster.bootstrap_profile.artifact_source), ("Succeeded", "Cache"))
check("node pools", [pool.name for pool in aks.agent_pools.list(GROUP, "cluster")], ["nodepool1"])
aks.managed_clusters.begin_delete(GROUP, "cluster").result()
groups.begin_delete(GROUP).result()
check("group is there", groups.check_existence(GROUP), False)
