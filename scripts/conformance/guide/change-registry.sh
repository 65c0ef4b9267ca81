# Guide, "Update your ACR ID".
NEW_REGISTRY_ID=$(az acr show --name ${NEW_REGISTRY_NAME} --resource-group ${RESOURCE_GROUP} --query id --output tsv)
az aks update --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --bootstrap-artifact-source Cache --bootstrap-container-registry-resource-id ${NEW_REGISTRY_ID}
source "$GUIDE/reimage-nodes.sh"
