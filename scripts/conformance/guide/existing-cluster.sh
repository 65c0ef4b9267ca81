# An ordinary cluster with egress, as the guide's updates find it.
az group create --name ${RESOURCE_GROUP} --location ${LOCATION}
az aks create --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --node-count 1 --node-vm-size ${VM_SIZE} --no-ssh-key --network-plugin azure --enable-private-cluster
