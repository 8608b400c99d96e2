/// Whether an object is admitted.
package enum AdmissionDecision: Sendable, Equatable {
    case admitted(PodMutation.Outcome)
    case denied(AdmissionDenial)
}
