# Guide, "Before you begin": feature flags and resource providers.
az feature register --namespace Microsoft.ContainerService --name NetworkIsolatedClusterPreview
az feature register --namespace Microsoft.ContainerService --name EnableAPIServerVnetIntegrationPreview
until [ "$(az feature show --namespace Microsoft.ContainerService --name NetworkIsolatedClusterPreview --query properties.state --output tsv)" = Registered ]; do sleep 1; done
until [ "$(az feature show --namespace Microsoft.ContainerService --name EnableAPIServerVnetIntegrationPreview --query properties.state --output tsv)" = Registered ]; do sleep 1; done
az provider register --namespace Microsoft.ContainerService --wait
az provider register --namespace Microsoft.ContainerRegistry --wait
az provider show --namespace Microsoft.ContainerService --query registrationState --output tsv
