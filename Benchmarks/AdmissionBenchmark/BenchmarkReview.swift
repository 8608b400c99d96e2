/// A review of a large Pod: many variables, a manifest in an annotation, and managed fields, as `kubectl apply` and
/// controllers write them.
enum BenchmarkReview {
    /// The review of a Pod as JSON of about this number of bytes.
    static func json(bytes: Int) -> [UInt8] {
        var count = 8
        var text = review(count)
        while text.utf8.count < bytes {
            count += max(1, count / 16)
            text = review(count)
        }
        return Array(text.utf8)
    }

    private static func review(_ count: Int) -> String {
        """
        {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{
        "uid":"705ab4f5-6393-11e8-b7cc-42010a800002","kind":{"group":"","version":"v1","kind":"Pod"},
        "resource":{"group":"","version":"v1","resource":"pods"},"name":"web-0","namespace":"shop",
        "operation":"CREATE","userInfo":{"username":"system:serviceaccount:kube-system:replicaset-controller"},
        "object":{"kind":"Pod","apiVersion":"v1","metadata":{"generateName":"web-","namespace":"shop",
        "labels":{"app":"web","example.com/role":"true"},"annotations":{"example.com/role":"reader",
        "manifest":"\(manifest(count))"},"managedFields":[{"manager":"kubectl","operation":"Update",
        "fieldsType":"FieldsV1","fieldsV1":{"f:spec":{\(fields(count))}}}]},
        "spec":{"volumes":[\(list(count / 4, volume))],"containers":[\(list(4) { container($0, count) })],
        "serviceAccountName":"web","nodeSelector":{"kubernetes.io/os":"linux"}},
        "status":{"phase":"Pending","qosClass":"Burstable"}},"oldObject":null,"dryRun":false,"options":null}}
        """
    }

    private static func list(_ count: Int, _ element: (Int) -> String) -> String {
        (0..<count).map(element).joined(separator: ",")
    }

    private static func container(_ number: Int, _ count: Int) -> String {
        """
        {"name":"app-\(number)","image":"registry.example.com/team/app:1.2.\(number)",
        "env":[\(list(count) { #"{"name":"SETTING_\#($0)","value":"https://service-\#($0).shop.svc:8443/api"}"# })],
        "resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"memory":"256Mi"}},
        "volumeMounts":[\(list(count / 4) { #"{"name":"volume-\#($0)","mountPath":"/data/\#($0)","readOnly":true}"# })],
        "livenessProbe":{"httpGet":{"path":"/healthz","port":8080},"periodSeconds":10,"timeoutSeconds":1},
        "terminationMessagePath":"/dev/termination-log","imagePullPolicy":"IfNotPresent"}
        """
    }

    private static func volume(_ number: Int) -> String {
        #"{"name":"volume-\#(number)","configMap":{"name":"settings-\#(number)","defaultMode":420}}"#
    }

    /// JSON in a JSON string, so every quotation mark is escaped.
    private static func manifest(_ count: Int) -> String {
        list(count) { #"{\"name\":\"SETTING_\#($0)\",\"value\":\"https://service-\#($0).shop.svc:8443\"}\n"# }
    }

    private static func fields(_ count: Int) -> String {
        list(count) { #""k:{\"name\":\"SETTING_\#($0)\"}":{".":{},"f:name":{},"f:value":{}}"# }
    }
}
