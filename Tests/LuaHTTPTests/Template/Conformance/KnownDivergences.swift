// SPDX-License-Identifier: MIT

/// Recorded cases in which this engine differs on purpose, and why (D1 … D9 are in docs/templates.md).
enum KnownDivergences {
    static let reasons: [String: String] = [
        "jinja2/test_api.TestExtendedAPI.test_item_and_attribute#2":
            "Python attributes",
        "jinja2/test_api.TestUndefined.test_chainable_undefined#8":
            "Python attributes",
        "jinja2/test_api.TestUndefined.test_chainable_undefined#9":
            "Python attributes",
        "jinja2/test_api.TestUndefined.test_chainable_undefined#10":
            "Python attributes",
        "jinja2-own/filter/string-conversions":
            "D2: the text of a list has no blanks",
        "jinja2-own/filter/pprint-scalars":
            "D2: JSON instead of repr",
        "minijinja/inputs/autoescape.html":
            "as Jinja2, not as minijinja",
        "minijinja/inputs/autoescape.txt":
            "as Jinja2, not as minijinja",
        "minijinja/inputs/block_scope_extends.txt":
            "as Jinja2, not as minijinja",
        "minijinja/inputs/coerce.txt":
            "as Jinja2, not as minijinja",
        "minijinja/inputs/err_bad_recursion.txt":
            "the error is shown where it happens",
        "minijinja/inputs/err_block_in_macro.txt":
            "as Jinja2: blocks may be in macros",
        "minijinja/inputs/err_extends_actually_not.txt":
            "templates named by literals must exist",
        "jinja2/test_filters.TestFilter.test_int[12345678901234567890-12345678901234567890]#1":
            "D8: 64-bit integers",
        "jinja2/test_filters.TestFilter.test_pprint#1":
            "D2: JSON instead of repr",
        "minijinja/inputs/filters.txt":
            "as Jinja2, not as minijinja",
        "minijinja/inputs/float_div_by_zero.txt":
            "as Jinja2, not as minijinja",
        "minijinja/inputs/functions.txt":
            "as Jinja2: a range is a sequence",
        "minijinja/inputs/groupby-filter.txt":
            "as Jinja2, not as minijinja",
        "minijinja/inputs/import_all.txt":
            "as Jinja2, not as minijinja",
        "jinja2/test_filters.TestFilter.test_xmlattr#1":
            "maps are sorted",
        "minijinja/inputs/literals.txt":
            "D8: 64-bit integers",
        "minijinja/inputs/loop-recursion-error.txt":
            "the error is shown where it happens",
        "minijinja/inputs/loop_dictsort.txt":
            "as Jinja2, not as minijinja",
        "minijinja/inputs/loop_over_none.txt":
            "as Jinja2, not as minijinja",
        "jinja2/test_filters.TestFilter.test_filter_undefined_in_if#1":
            "D5: unknown filters and tests are found at start",
        "jinja2/test_filters.TestFilter.test_filter_undefined_in_elif#1":
            "D5: unknown filters and tests are found at start",
        "jinja2/test_filters.TestFilter.test_filter_undefined_in_else#1":
            "D5: unknown filters and tests are found at start",
        "minijinja/inputs/macro_import.txt":
            "as Jinja2, not as minijinja",
        "jinja2/test_filters.TestFilter.test_filter_undefined_in_nested_if#1":
            "D5: unknown filters and tests are found at start",
        "minijinja/inputs/macro_import2.txt":
            "D2: JSON instead of repr",
        "jinja2/test_filters.TestFilter.test_filter_undefined_in_nested_if#2":
            "D5: unknown filters and tests are found at start",
        "minijinja/inputs/macro_include.txt":
            "as Jinja2, not as minijinja",
        "jinja2/test_filters.TestFilter.test_filter_undefined_in_condexpr#1":
            "D5: unknown filters and tests are found at start",
        "jinja2/test_filters.TestFilter.test_filter_undefined_in_condexpr#2":
            "D5: unknown filters and tests are found at start",
        "minijinja/inputs/namespace.txt":
            "as Jinja2, not as minijinja",
        "minijinja/inputs/tests.txt":
            "as Jinja2, not as minijinja",
        "minijinja/fragment-inputs/fragment_ref_parent.txt":
            "as Jinja2, not as minijinja",
        "jinja2/test_inheritance.TestInheritance.test_invalid_required#1":
            "D5: all templates are compiled at start",
        "jinja2/test_inheritance.TestInheritance.test_invalid_required#2":
            "D5: all templates are compiled at start",
        "jinja2/test_lexnparse.TestLexer.test_bytefallback#1":
            "D2: JSON instead of repr",
        "jinja2/test_lexnparse.TestSyntax.test_collection_literal[()]#1":
            "D2: JSON instead of repr",
        "jinja2/test_lexnparse.TestSyntax.test_trailing_comma#1":
            "D2: JSON instead of repr",
        "jinja2/test_lexnparse.TestTrimBlocks.test_raw_no_trim_lstrip#2":
            "raw accepts a plus sign",
        "jinja2/test_tests.test_name_undefined_in_if#1":
            "D5: unknown filters and tests are found at start",
    ]
}
