# The simulator as a cloud of its own, and the managed identity that its token endpoint stands for.
az cloud register --name Simulated --endpoint-resource-manager ${ARM_ENDPOINT}
az cloud set --name Simulated
az login --identity
az account set --subscription 11111111-1111-1111-1111-111111111111
