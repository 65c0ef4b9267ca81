# Guide, "Deploy a network isolated cluster with bring your own ACR": steps 1 to 5, the cache rule as AKS wants it today.
az group create --name ${RESOURCE_GROUP} --location ${LOCATION}
source "$GUIDE/byo-network.sh"

az acr create --resource-group ${RESOURCE_GROUP} --name ${REGISTRY_NAME} --sku Premium --public-network-enabled false
REGISTRY_ID=$(az acr show --name ${REGISTRY_NAME} --resource-group ${RESOURCE_GROUP} --query id --output tsv)
az acr cache create --name aks-managed-mcr --registry ${REGISTRY_NAME} --resource-group ${RESOURCE_GROUP} --source-repo "mcr.microsoft.com/*" --target-repo "aks-managed-repository/*"

source "$GUIDE/byo-connection.sh"
