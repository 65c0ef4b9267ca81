az aks delete --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --yes
az group delete --name ${RESOURCE_GROUP} --yes
