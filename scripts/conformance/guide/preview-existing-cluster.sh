source "$GUIDE/registration.sh"
az group create --name ${RESOURCE_GROUP} --location ${LOCATION}
az aks create --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --kubernetes-version 1.30.3 --node-count 1 --node-vm-size ${VM_SIZE} --no-ssh-key --network-plugin azure --enable-private-cluster
