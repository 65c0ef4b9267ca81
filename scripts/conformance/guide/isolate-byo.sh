# Guide, "Update an existing AKS cluster" with your own registry; AcrPull for the kubelet identity that the cluster has.
REGISTRY_ID=$(az acr show --name ${REGISTRY_NAME} --resource-group ${RESOURCE_GROUP} --query id --output tsv)
KUBELET_IDENTITY_PRINCIPAL_ID=$(az aks show --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --query identityProfile.kubeletidentity.objectId --output tsv)
az role assignment create --role AcrPull --scope ${REGISTRY_ID} --assignee-object-id ${KUBELET_IDENTITY_PRINCIPAL_ID} --assignee-principal-type ServicePrincipal
sleep 1
az aks update --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --bootstrap-artifact-source Cache --bootstrap-container-registry-resource-id ${REGISTRY_ID}
source "$GUIDE/reimage-nodes.sh"
az aks update --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --outbound-type none
