source "$GUIDE/byo-prerequisites.sh"
# Guide, step 6: private link.
az aks create --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --node-count 1 --node-vm-size ${VM_SIZE} --no-ssh-key --vnet-subnet-id ${SUBNET_ID} --assign-identity ${CLUSTER_IDENTITY_RESOURCE_ID} --assign-kubelet-identity ${KUBELET_IDENTITY_RESOURCE_ID} --bootstrap-artifact-source Cache --bootstrap-container-registry-resource-id ${REGISTRY_ID} --outbound-type none --network-plugin azure --enable-private-cluster
az aks show --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --query '{outboundType: networkProfile.outboundType, bootstrapProfile: bootstrapProfile}'
