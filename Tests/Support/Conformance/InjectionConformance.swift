import GatewayPluginAPI

extension ConformanceFindings {
    mutating func checkInjection<Plugin: ProviderPlugin>(of plugin: Plugin, annotation: String) {
        for workload in ConformanceInput.workloads {
            do throws(InjectionError) {
                let injection = try plugin.injection(for: ConformanceInput.request(annotation, for: workload))
                expect(!injection.value.isEmpty, .goodAnnotation, "\"\(annotation)\" yields an empty value")
                check(injection, of: Plugin.self)
            } catch {
                add(.goodAnnotation, "\"\(annotation)\" of \(workload.username) is refused: \(error)")
            }
        }
        for hostile in ConformanceInput.hostileAnnotations(beside: annotation) {
            do throws(InjectionError) {
                check(try plugin.injection(for: ConformanceInput.request(hostile)), of: Plugin.self)
            } catch {
                check(error)
            }
        }
    }

    private mutating func check(_ injection: PodInjection, of plugin: (some ProviderPlugin).Type) {
        var taken = Set([plugin.defaults.injector.tokenVariable])
        if let variable = plugin.defaults.injector.valueVariable { taken.insert(variable) }
        for variable in injection.environment {
            expect(ConformanceName.isVariable(variable.name), .variableNames, "\"\(variable.name)\" is no C identifier")
            expect(taken.insert(variable.name).inserted, .variableNames, "\(variable.name) is set already")
        }
        for (name, value) in [("the value", injection.value)] + injection.environment.map({ ($0.name, $0.value) }) {
            expect(value.isVisible, .values, "\(name) has a control character, a line break or a change of direction")
            expect(value.utf8.count <= 4096, .values, "\(name) has \(value.utf8.count) bytes; refuse what is over 4096")
        }
    }

    private mutating func check(_ error: InjectionError) {
        let text = error.message
        expect(text.isVisible, .errorText, "an error repeats a control character; quote foreign text escaped")
        expect(
            (1...1000).contains(text.utf8.count), .errorText,
            "an error has \(text.utf8.count) bytes; cut what it quotes")
        expect(text.last != ".", .errorText, "\"\(text.prefix(200))\" ends in a period")
        expect(text.first?.isUppercase != true, .errorText, "\"\(text.prefix(200))\" begins in upper case")
    }

    /// What one endpoint was asked must not change what another answers, nor what it answers later.
    mutating func checkIndependence<Plugin: ProviderPlugin>(of example: ConformanceExample<Plugin>) {
        guard let one = try? example.make(name: "one") else { return }
        let before = answers(of: one, to: example.annotation)
        if let other = try? example.make(name: "other") {
            for annotation in ConformanceInput.hostileAnnotations(beside: example.annotation) {
                _ = answers(of: other, to: annotation)
            }
        }
        expect(
            before == answers(of: one, to: example.annotation), .independence,
            "an endpoint answers otherwise after another one was asked")
        guard let same = try? example.make(name: "one") else { return }
        expect(
            before == answers(of: same, to: example.annotation), .independence,
            "an endpoint made anew answers otherwise")
    }

    private func answers(of plugin: some ProviderPlugin, to annotation: String) -> [ConformanceAnswer] {
        ConformanceInput.workloads.map { workload in
            let injection: Result<PodInjection, InjectionError>
            do throws(InjectionError) {
                injection = .success(try plugin.injection(for: ConformanceInput.request(annotation, for: workload)))
            } catch {
                injection = .failure(error)
            }
            return ConformanceAnswer(claims: plugin.claims(for: workload), injection: injection)
        }
    }
}

private struct ConformanceAnswer: Equatable {
    let claims: PrivateClaims
    let injection: Result<PodInjection, InjectionError>
}

extension String {
    /// Without control characters, line and paragraph separators and bidirectional overrides (Unicode UAX #9).
    fileprivate var isVisible: Bool {
        unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: false
            default: !(0x202A...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value)
            }
        }
    }
}
