"""What is looked for in each language, as tree-sitter queries.

The captures mean: `container` has members and a `body`; `function` has a `body` that is left out; `group` and `member`
are the same where they do not lie in a function; `declaration` is shown as it stands; `value` in one line; `decorator`
and `comment` belong to what follows them; `doc` is the doc of what it lies in; `import` is counted.
"""

__all__ = ["BROKEN", "CPP", "GO", "JAVA", "JAVASCRIPT", "PYTHON", "RUST", "TSX", "C"]

BROKEN = "(ERROR) @broken (MISSING) @broken"

PYTHON = """
(function_definition body: (block) @body) @function
(class_definition body: (block) @body) @container
(module . (comment)* . (expression_statement [(string) (concatenated_string)]) @doc)
(function_definition body: (block . (comment)* . (expression_statement [(string) (concatenated_string)]) @doc))
(class_definition body: (block . (comment)* . (expression_statement [(string) (concatenated_string)]) @doc))
(expression_statement (assignment)) @value
(type_alias_statement) @value
(decorator) @decorator
[(import_statement) (import_from_statement) (future_import_statement)] @import
"""

_SCRIPT = """
[(function_declaration body: (_) @body) (generator_function_declaration body: (_) @body)] @function
(class_declaration body: (_) @body) @container
(method_definition body: (_) @body) @member
(_ (variable_declarator value: [(arrow_function body: (statement_block) @body)
  (function_expression body: (_) @body) (generator_function body: (_) @body)])) @function
(_ (variable_declarator value: (class body: (_) @body))) @container
(_ (variable_declarator value: (object) @body)) @group
[(lexical_declaration) (variable_declaration)] @value
(export_statement value: (object) @body) @group
(export_statement value: (class body: (_) @body)) @container
(export_statement value: [(arrow_function body: (statement_block) @body) (function_expression body: (_) @body)])
  @function
[(export_statement source: (_)) (export_statement (export_clause)) (export_statement value: (call_expression))] @value
(expression_statement (assignment_expression right: [(arrow_function body: (statement_block) @body)
  (function_expression body: (_) @body)])) @member
(expression_statement (assignment_expression right: (object) @body)) @group
(expression_statement (assignment_expression)) @value
(pair value: [(arrow_function body: (statement_block) @body) (function_expression body: (_) @body)]) @member
(decorator) @decorator
(import_statement) @import
(comment) @comment
"""

JAVASCRIPT = (
    _SCRIPT
    + """
(field_definition value: [(arrow_function body: (statement_block) @body) (function_expression body: (_) @body)]) @member
(field_definition) @value
"""
)

TSX = (
    _SCRIPT
    + """
(public_field_definition
  value: [(arrow_function body: (statement_block) @body) (function_expression body: (_) @body)]) @member
(public_field_definition) @value
(abstract_class_declaration body: (_) @body) @container
(interface_declaration body: (_) @body) @container
(enum_declaration body: (_) @body) @container
(enum_body [(enum_assignment) (property_identifier) (string)] @value)
[(internal_module body: (_) @body) (module body: (_) @body)] @container
(ambient_declaration (statement_block) @body) @container
[(function_signature) (abstract_method_signature) (method_signature) (property_signature) (index_signature)
  (call_signature) (construct_signature) (type_alias_declaration)] @declaration
(ambient_declaration (lexical_declaration) @value)
"""
)

C = """
(function_definition body: (compound_statement) @body) @function
(struct_specifier body: (_) @body) @container
(union_specifier body: (_) @body) @container
(enum_specifier body: (_) @body) @container
(type_definition type: [(struct_specifier body: (_) @body) (union_specifier body: (_) @body)
  (enum_specifier body: (_) @body)]) @container
(type_definition) @declaration
(declaration) @declaration
(declaration declarator: (init_declarator)) @value
(field_declaration) @declaration
(enumerator) @value
(linkage_specification body: (declaration_list) @body) @container
[(preproc_def) (preproc_function_def)] @value
(preproc_include) @import
(comment) @comment
"""

CPP = (
    C
    + """
(class_specifier body: (_) @body) @container
(namespace_definition body: (_) @body) @container
(template_declaration (function_definition body: (compound_statement) @body)) @function
(template_declaration [(class_specifier body: (_) @body) (struct_specifier body: (_) @body)]) @container
(template_declaration) @declaration
(function_definition) @declaration
(access_specifier) @declaration
[(alias_declaration) (concept_definition) (friend_declaration)] @declaration
(using_declaration) @import
"""
)

RUST = """
(function_item body: (_) @body) @function
[(struct_item body: (field_declaration_list) @body) (enum_item body: (_) @body) (union_item body: (_) @body)
  (trait_item body: (_) @body) (impl_item body: (_) @body) (mod_item body: (_) @body)
  (foreign_mod_item body: (_) @body)] @container
[(function_signature_item) (struct_item) (enum_variant) (field_declaration) (type_item) (associated_type) (mod_item)
  (impl_item)] @declaration
[(const_item) (static_item) (macro_definition)] @value
(attribute_item) @decorator
[(line_comment inner: (_)) (block_comment inner: (_))] @doc
[(line_comment outer: (_)) (block_comment outer: (_))] @comment
[(use_declaration) (extern_crate_declaration)] @import
"""

GO = """
(package_clause) @declaration
[(function_declaration body: (_) @body) (method_declaration body: (_) @body)] @function
(type_spec type: (struct_type (field_declaration_list) @body)) @container
(type_spec type: (interface_type) @body) @container
[(type_spec) (type_alias) (method_elem) (type_elem) (field_declaration)] @declaration
(type_declaration "(") @container @body
(const_declaration "(") @container @body
(var_declaration (var_spec_list) @body) @container
[(const_spec) (var_spec)] @value
(import_spec) @import
(comment) @comment
"""

JAVA = """
(package_declaration) @declaration
[(class_declaration body: (_) @body) (interface_declaration body: (_) @body) (enum_declaration body: (_) @body)
  (record_declaration body: (_) @body) (annotation_type_declaration body: (_) @body)] @container
[(method_declaration body: (block) @body) (constructor_declaration body: (_) @body)
  (compact_constructor_declaration body: (_) @body)] @function
[(method_declaration) (annotation_type_element_declaration)] @declaration
[(field_declaration) (constant_declaration) (enum_constant)] @value
(import_declaration) @import
[(block_comment) (line_comment)] @comment
"""
