/// Keeps the issued tokens of a Pod's endpoints fresh in files.
@main
struct STSSidecar {
    static func main() {
        print("sts-sidecar")
    }
}
