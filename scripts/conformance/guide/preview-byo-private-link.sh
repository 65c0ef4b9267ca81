# The guide of November 2024 to the letter, but for the flags that go with --no-ssh-key and --yes where there is no terminal.
source "$GUIDE/registration.sh"
az group create --name ${RESOURCE_GROUP} --location ${LOCATION}
source "$GUIDE/byo-network.sh"

az acr create --resource-group ${RESOURCE_GROUP} --name ${REGISTRY_NAME} --sku Premium --public-network-enabled false
az acr update --resource-group ${RESOURCE_GROUP} --name ${REGISTRY_NAME} --anonymous-pull-enabled true
REGISTRY_ID=$(az acr show --name ${REGISTRY_NAME} --resource-group ${RESOURCE_GROUP} --query id --output tsv)
az acr cache create --name acr-cache-rule --registry ${REGISTRY_NAME} --resource-group ${RESOURCE_GROUP} --source-repo "mcr.microsoft.com/*" --target-repo "*"

source "$GUIDE/byo-connection.sh"
az aks create --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --kubernetes-version 1.30.3 --node-count 1 --node-vm-size ${VM_SIZE} --no-ssh-key --vnet-subnet-id ${SUBNET_ID} --assign-identity ${CLUSTER_IDENTITY_RESOURCE_ID} --assign-kubelet-identity ${KUBELET_IDENTITY_RESOURCE_ID} --bootstrap-artifact-source Cache --bootstrap-container-registry-resource-id ${REGISTRY_ID} --outbound-type none --network-plugin azure --enable-private-cluster
az aks show --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --query '{outboundType: networkProfile.outboundType, bootstrapProfile: bootstrapProfile}'
