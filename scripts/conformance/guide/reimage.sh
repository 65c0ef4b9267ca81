# Guide: reimage a node pool, one by one and watched.
az aks nodepool list --resource-group ${RESOURCE_GROUP} --cluster-name ${AKS_NAME} --query '[].name' --output tsv
az aks nodepool upgrade --resource-group ${RESOURCE_GROUP} --cluster-name ${AKS_NAME} --name nodepool1 --node-image-only
