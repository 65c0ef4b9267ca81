# Guide, "Disable network isolated cluster".
az aks update --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --bootstrap-artifact-source Direct --outbound-type LoadBalancer
az aks upgrade --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --node-image-only --yes
az aks nodepool wait --resource-group ${RESOURCE_GROUP} --cluster-name ${AKS_NAME} --name nodepool1 --updated --interval 1
