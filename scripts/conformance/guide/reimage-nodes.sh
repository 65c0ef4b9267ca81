# Guide: "you need to manually reimage all existing nodes"; az does not wait for them.
az aks upgrade --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --node-image-only --yes
az aks nodepool wait --resource-group ${RESOURCE_GROUP} --cluster-name ${AKS_NAME} --name nodepool1 --updated --interval 1
