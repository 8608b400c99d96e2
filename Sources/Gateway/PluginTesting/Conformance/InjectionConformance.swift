import GatewayPluginAPI
import JSON

extension ConformanceFindings {
    mutating func checkInjection<Plugin: ProviderPlugin>(of plugin: Plugin, annotation: String) {
        for workload in ConformanceInput.workloads {
            do throws(InjectionError) {
                let injection = try plugin.injection(for: ConformanceInput.request(annotation, for: workload))
                expect(
                    injection.value?.isEmpty != true, .validAnnotation,
                    "\(Quotation.of(annotation)) gives an empty value")
                expect(
                    injection.value != nil || Plugin.defaults.injector.valueVariable == nil, .validAnnotation,
                    "\(Quotation.of(annotation)) gives no value for valueVariable")
                check(injection, of: Plugin.self)
            } catch {
                add(.validAnnotation, "\(Quotation.of(annotation)) of \(workload.username) is rejected: \(error)")
            }
        }
        checkWithoutAnnotation(plugin)
        for hostile in ConformanceInput.hostileAnnotations(near: annotation) {
            check(plugin, ConformanceInput.request(hostile))
            for option in Plugin.defaults.injector.options {
                check(plugin, ConformanceInput.request(annotation, options: [option: hostile]))
            }
        }
    }

    /// Any text gives either valid additions or a valid error.
    private mutating func check<Plugin: ProviderPlugin>(_ plugin: Plugin, _ request: InjectionRequest) {
        do throws(InjectionError) {
            check(try plugin.injection(for: request), of: Plugin.self)
        } catch {
            check(error)
        }
    }

    /// An endpoint can make the annotation optional, whatever the plugin's default is.
    private mutating func checkWithoutAnnotation<Plugin: ProviderPlugin>(_ plugin: Plugin) {
        do throws(InjectionError) {
            check(try plugin.injection(for: ConformanceInput.request(nil)), of: Plugin.self)
        } catch {
            check(error)
            expect(
                Plugin.defaults.injector.annotation == .required, .validAnnotation,
                "the annotation is optional, but a Pod without one is rejected: \(error)")
        }
    }

    private mutating func check(_ injection: PodInjection, of plugin: (some ProviderPlugin).Type) {
        let injector = plugin.defaults.injector
        var taken = Set([injector.tokenVariable, injector.valueVariable].compactMap(\.self))
        for name in injection.environment.map(\.name) + injection.files.compactMap(\.variable) {
            expect(
                ConformanceName.isVariable(name), .variableNames,
                "invalid variable \(Quotation.of(name)); expected a C identifier")
            expect(taken.insert(name).inserted, .variableNames, "duplicate variable \(name)")
            expect(
                injector.exclusiveVariables.contains(name) || !ConformanceName.isVariable(name), .variableNames,
                "\(name) is not declared; add it to exclusiveVariables of the injector's defaults")
        }
        for variable in injection.environment {
            for other in variable.unlessSet {
                expect(
                    ConformanceName.isVariable(other) && other != variable.name, .variableNames,
                    "invalid name \(Quotation.of(other)) in unlessSet of \(variable.name); expected another variable")
            }
        }
        check(injection.files)
        for expected in injection.expectedVariables {
            expect(
                !expected.names.isEmpty && expected.names.allSatisfy(ConformanceName.isVariable), .variableNames,
                "invalid names \(expected.names) of an expected variable; expected C identifiers")
            check(expected.advice, "the advice of an expected variable")
        }
        for conflicting in injection.conflictingVariables {
            expect(
                !conflicting.names.isEmpty && conflicting.names.allSatisfy(ConformanceName.isVariable), .variableNames,
                "invalid names \(conflicting.names) of a conflicting variable; expected C identifiers")
            check(conflicting.advice, "the advice of a conflicting variable")
        }
        let values = injection.value.map { [("the value", $0)] } ?? []
        for (name, value) in values + injection.environment.map({ ($0.name, $0.value) }) {
            expect(
                value.isVisible, .values,
                "\(name) has a control character, a line break or a bidirectional override; reject the annotation")
            expect(
                value.utf8.count <= 4096, .values,
                "\(name) has \(value.utf8.count) bytes; reject annotations that give more than 4096")
        }
    }

    private mutating func check(_ files: [PodInjection.File]) {
        expect(
            files.count <= PodInjection.File.maximumCount, .files,
            "\(files.count) files; return at most \(PodInjection.File.maximumCount)")
        expect(Set(files.map(\.name)).count == files.count, .files, "two files have the same name")
        for file in files {
            expect(
                PodInjection.File.isName(file.name), .files,
                "invalid file name \(Quotation.of(file.name)); expected 1 to 63 letters, digits, \".\", \"_\" and \"-\""
            )
            expect(
                file.contents.utf8.count <= PodInjection.File.maximumLength, .files,
                "\(file.name) has \(file.contents.utf8.count) bytes; reject annotations that give more than "
                    + "\(PodInjection.File.maximumLength)")
            if file.name.hasSuffix(".json") {
                expect(
                    (try? JSONValue(parsing: Array(file.contents.utf8))) != nil, .files,
                    "\(file.name) is not JSON: \(Quotation.of(file.contents)); encode foreign text")
            }
        }
    }

    private mutating func check(_ error: InjectionError) { check(error.message, "an error") }

    private mutating func check(_ text: String, _ what: String) {
        expect(text.isVisible, .errorText, "\(what) has a control character; quote the annotation with Quotation.of")
        expect(
            (1...1000).contains(text.utf8.count), .errorText,
            "\(what) has \(text.utf8.count) bytes; quote the annotation with Quotation.of")
        expect(text.last != ".", .errorText, "\"\(text.prefix(200))\" ends in a period")
        expect(text.first?.isUppercase != true, .errorText, "\"\(text.prefix(200))\" begins in upper case")
    }

    /// Calls of one endpoint must not change the results of another, nor its own later ones.
    mutating func checkIndependence<Plugin: ProviderPlugin>(of example: ConformanceExample<Plugin>) {
        guard let one = try? example.make(name: "one") else { return }
        let before = results(of: one, for: example.annotation)
        if let other = try? example.make(name: "other") {
            for annotation in ConformanceInput.hostileAnnotations(near: example.annotation) {
                _ = results(of: other, for: annotation)
            }
        }
        expect(
            before == results(of: one, for: example.annotation), .independence,
            "an endpoint's results change after calls of another endpoint")
        guard let same = try? example.make(name: "one") else { return }
        expect(
            before == results(of: same, for: example.annotation), .independence,
            "the results of an endpoint that is created again differ")
    }

    private func results(of plugin: some ProviderPlugin, for annotation: String) -> [ConformanceResult] {
        ConformanceInput.workloads.map { workload in
            let injection: Result<PodInjection, InjectionError>
            do throws(InjectionError) {
                injection = .success(try plugin.injection(for: ConformanceInput.request(annotation, for: workload)))
            } catch {
                injection = .failure(error)
            }
            return ConformanceResult(claims: plugin.claims(for: workload), injection: injection)
        }
    }
}

private struct ConformanceResult: Equatable {
    let claims: PrivateClaims
    let injection: Result<PodInjection, InjectionError>
}

extension String {
    /// Whether the text has no control characters, line or paragraph separators, and no bidirectional overrides (Unicode
    /// UAX #9).
    fileprivate var isVisible: Bool {
        unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: false
            default: !(0x202A...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value)
            }
        }
    }
}
