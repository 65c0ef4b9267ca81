source "$GUIDE/byo-prerequisites.sh"
az aks create --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --node-count 1 --node-vm-size ${VM_SIZE} --no-ssh-key --vnet-subnet-id ${SUBNET_ID} --assign-identity ${CLUSTER_IDENTITY_RESOURCE_ID} --network-plugin azure --enable-private-cluster
