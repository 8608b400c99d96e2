import Kubernetes

extension Leadership: LeaseHolder {}
