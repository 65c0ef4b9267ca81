# Guide of November 2024, "Update an existing AKS cluster": both in one update.
az aks update --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --bootstrap-artifact-source Cache --outbound-type none
az aks upgrade --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --node-image-only --yes
az aks nodepool wait --resource-group ${RESOURCE_GROUP} --cluster-name ${AKS_NAME} --name nodepool1 --updated --interval 1
