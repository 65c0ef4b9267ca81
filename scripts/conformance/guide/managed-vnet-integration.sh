# Guide, "Deploy a network isolated cluster with AKS-managed ACR": API server VNet integration.
az group create --name ${RESOURCE_GROUP} --location ${LOCATION}
az aks create --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --node-count 1 --node-vm-size ${VM_SIZE} --no-ssh-key --bootstrap-artifact-source Cache --outbound-type none --network-plugin azure --enable-private-cluster --enable-apiserver-vnet-integration
