"""Every fault of the language itself, explained: what `trialsim explain SLUG` prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """A fault's name in a few words, what it means, an example that has it, and what to do."""

    title: str
    meaning: str
    wrong_example: str
    remedy: str


YAML: dict[str, Explanation] = {
    "yaml-syntax": Explanation(
        "The text is no YAML",
        "Brackets, quotes, colons or indentation do not fit together, so nothing after this place can be read.",
        "arms: {low: {}",
        "Close what was opened, quote text that holds ': ', and indent fields of one thing alike.",
    ),
    "tab": Explanation(
        "A tab character",
        "Tabs look like spaces and count otherwise, so indentation with them cannot be read safely.",
        "arms:\n\tlow: {}",
        "Use spaces; editors can replace all tabs at once.",
    ),
    "control-character": Explanation(
        "A character that cannot be seen",
        "Control characters and signs that turn the direction of writing hide what a line says.",
        'title: "\\e[31mred"',
        "Remove the character.",
    ),
    "not-utf-8": Explanation(
        "The file is not written in UTF-8",
        "Letters outside of ASCII have one meaning only if the encoding is known; documents are UTF-8.",
        "(bytes that are no UTF-8)",
        "Save the file as UTF-8.",
    ),
    "document-too-large": Explanation(
        "The document is too large",
        "A document is at most 1 MB of text and 50,000 values, aliases written out.",
        "(more than 50,000 values)",
        "Put tables of data into a CSV or Parquet file and name it in the document.",
    ),
    "several-documents": Explanation(
        "More than one document in a file",
        "A line '---' begins another document; which of them is meant cannot be told.",
        "a: 1\n---\nb: 2",
        "Keep one document in one file.",
    ),
    "empty-document": Explanation(
        "The document is empty",
        "There is nothing in the file but white space and comments.",
        "# nothing yet",
        "Begin with 'language: protocol 1' or 'language: cohort 1'.",
    ),
    "tag": Explanation(
        "A YAML tag",
        "Tags name types or code. Documents hold neither, so that a stranger's document is safe to load.",
        "a: !!python/name:os.system",
        "Leave the tag out; quote text that begins with an exclamation mark.",
    ),
    "torn-expression": Explanation(
        "An expression torn apart by YAML",
        "Inside { } and [ ] a comma ends a value, also within the brackets of an expression.",
        "{hazard: if(a, b, c)}",
        'Quote the expression: {hazard: "if(a, b, c)"}.',
    ),
    "torn-number": Explanation(
        "A number torn apart by YAML",
        "Inside { } and [ ] a comma ends a value, also within a number: what follows it is read as another field.",
        "{typical: 38,000 mL}",
        "Write numbers with a decimal point and without separators: 38000 mL, 4.2 L/h.",
    ),
    "too-many-aliases": Explanation(
        "Too many aliases",
        "A document may use at most 20 aliases (*name): each makes it harder to read line by line.",
        "a: &x 1\nb: [*x, *x, … twenty-one times]",
        "Write the values out.",
    ),
    "unknown-alias": Explanation(
        "An alias without its anchor",
        "A text that begins with * is an alias in YAML and needs an anchor (&name) before it.",
        "genotype: *wild",
        'Quote the text: "*wild".',
    ),
    "too-deep": Explanation(
        "Nested too deeply",
        "Lists and mappings stand at most 40 levels deep within each other.",
        "[[[[ … forty-one times",
        "No document needs that; look for a bracket that is never closed.",
    ),
    "key-not-text": Explanation(
        "A key that is no text",
        "Keys are names; a list or a mapping cannot be one.",
        "{[a, b]: 1}",
        "Name the field with text.",
    ),
    "merge-key": Explanation(
        "Merging with <<",
        "What a merged mapping says cannot be read at the place where it is used.",
        "low: {<<: *base}",
        "Write the fields out.",
    ),
    "duplicate-key": Explanation(
        "A key given twice",
        "Of two values for one key, one would be silently lost.",
        "a: 1\na: 2",
        "Remove or rename one of the two.",
    ),
}

UNITS: dict[str, Explanation] = {
    "bad-number": Explanation(
        "A text that is no number",
        "A number is digits with at most one point and at most one exponent: 1000, 0.5, 1e-3.",
        "randomised: 1,000",
        "Write the number without separators.",
    ),
    "bad-unit": Explanation(
        "A text that is no unit",
        "Units are products, quotients and whole powers of known units.",
        "amount: 5 mg//L",
        "Write it like mg/L, 1/h or mL/min/1.73m2.",
    ),
    "unknown-unit": Explanation(
        "An unknown unit",
        "Each unit has one name here, upper and lower case told apart.",
        "amount: 5 mcg",
        "Use the unit named in the message; docs/reference/units.md lists them all.",
    ),
    "missing-unit": Explanation(
        "A quantity without its unit",
        "Only what is dimensionless is a bare number.",
        "amount: 25",
        "Write the unit: 25 mg.",
    ),
    "wrong-unit": Explanation(
        "A unit of the wrong kind",
        "The quantity measures something else than what is wanted here.",
        "amount: 25 mg/L",
        "Use a unit of the kind the message names.",
    ),
    "bad-quantity": Explanation(
        "A text that is no quantity",
        "A quantity is a number followed by its unit.",
        "amount: some mg",
        "Write it like 5 mg/kg, 28% or 12 weeks.",
    ),
    "bad-moment": Explanation(
        "A text that is no point in time",
        "A point in time is a word and a number, counted from randomisation at day 0.",
        "until: the end",
        "Write it like week 12, day -14 or hour 24.",
    ),
    "bad-duration": Explanation(
        "A text that is no length of time",
        "A length of time is a number that is not negative and a unit of time.",
        "every: 5 mg",
        "Write it like 12 weeks or 24 h.",
    ),
    "length-for-point": Explanation(
        "A length of time where a point is wanted",
        "'12 weeks' says how long, 'week 12' says when.",
        "until: 12 weeks",
        "Write until: week 12.",
    ),
    "point-for-length": Explanation(
        "A point in time where a length is wanted",
        "'week 12' says when, '12 weeks' says how long.",
        "every: week 2",
        "Write every: 2 weeks.",
    ),
}

EXPRESSIONS: dict[str, Explanation] = {
    "bad-expression": Explanation(
        "A text that is no expression",
        "Something is missing or stands where it cannot.",
        "rate: ka * * depot",
        "docs/reference/expressions.md has the grammar on one page.",
    ),
    "expression-too-large": Explanation(
        "An expression that is too large",
        "An expression has at most 2,000 characters and a limited depth.",
        "rate: ((((((((((((( … ",
        "Give parts of it names of their own under quantities.",
    ),
    "power-too-large": Explanation(
        "A power that is too large",
        "Powers above 100 overflow for almost all numbers.",
        "rate: x ^ 1000",
        "Use exp() with a scaled argument if growth that fast is meant.",
    ),
    "unit-or-name": Explanation(
        "A name that could be a unit",
        "A declared name is spelled like a unit and stands where the unit would be part of a written quantity.",
        "parameters: {d: {typical: 3 day}}\nrate: -12 mg/d",
        "Put the quantity in brackets to calculate with the name, (12 mg) / d; write the unit otherwise, 12 mg/day; or"
        " rename what is declared.",
    ),
    "unknown-function": Explanation(
        "An unknown function",
        "Expressions know the functions listed in the message and no others.",
        "rate: ln(x)",
        "Use one of those functions; the natural logarithm is log.",
    ),
    "wrong-arguments": Explanation(
        "A function with the wrong arguments",
        "The function takes another number of arguments, or the name of an event rather than a value.",
        "rate: if(a > b, a)",
        "Give it the arguments the message names.",
    ),
    "unknown-name": Explanation(
        "A name that is not declared",
        "Every name in an expression is declared in the document or known from the language.",
        "rate: ka * dept",
        "Declare the name, or use the nearest one the message gives.",
    ),
    "unknown-event": Explanation(
        "An event that is not declared",
        "since() and happened() ask about the events of the document and the milestones of a patient.",
        "hazard: if(happened(bleeed), h1, h0)",
        "Use one of the events the message lists.",
    ),
    "condition-wanted": Explanation(
        "A number where a condition is wanted",
        "A condition is true or false: a comparison, or comparisons joined by and, or, not.",
        "hazard: if(treated, h1, h0)",
        "Compare it: if(treated == 1, h1, h0).",
    ),
    "number-wanted": Explanation(
        "A condition where a number is wanted",
        "True and false are no numbers here.",
        "rate: k * (conc > 2 mg/L)",
        "Write k * if(conc > 2 mg/L, 1, 0).",
    ),
    "not-dimensionless": Explanation(
        "A quantity where only a plain number makes sense",
        "Arguments of exp, log, logistic and logit and exponents are plain numbers; what is raised to a power that "
        "varies is one too.",
        "rate: exp(conc)",
        "Divide by a reference: exp(conc / (1 mg/L)).",
    ),
    "units-differ": Explanation(
        "Quantities that cannot be added, compared or chosen between",
        "Both sides must measure the same kind of thing; the units may differ, as in 1 h + 1 day.",
        "rate: central + central / V",
        "Bring both sides to one kind of quantity.",
    ),
}

SECTIONS: dict[str, Explanation] = {
    "unknown-key": Explanation(
        "A field that does not exist",
        "A misspelled field would be silently ignored, and the trial would be another one.",
        "arms: {low: {dosin: []}}",
        "Use one of the fields the message lists.",
    ),
    "missing-field": Explanation(
        "A field is missing",
        "Nothing careful can be assumed for this field, so it has to be written.",
        "dosing: [{drug: X}]",
        "Add the field the message names.",
    ),
    "missing-value": Explanation(
        "A field without a value",
        "The key is there and nothing follows it.",
        "arms:",
        "Write the value, {} for an empty mapping, [] for an empty list, or leave the field out.",
    ),
    "wrong-shape": Explanation(
        "One value, a list or a mapping where another of them is wanted",
        "The field is there, but what it holds has another shape.",
        "rules: titrate",
        "Write the shape the message names; a list of one is [titrate].",
    ),
    "wrong-count": Explanation(
        "Too few or too many entries",
        "The list or mapping has to have a number of entries within bounds.",
        "arms: {}",
        "Add or remove entries.",
    ),
    "one-of": Explanation(
        "Fields that exclude each other",
        "Of a group of fields one has to be given, or not more than one.",
        "{hazard: 0.1 1/year, when: size > 3 cm}",
        "Keep the one that is meant.",
    ),
    "not-yet": Explanation(
        "Not supported by this version",
        "The word belongs to the language, but this version cannot do it; it refuses rather than approximates.",
        "arms: {late: {opens: month 12}}",
        "Leave it out, or follow the note of the message.",
    ),
    "reserved-name": Explanation(
        "A name that is a word of the language",
        "A name that is also a word or function of the language would make expressions ambiguous.",
        "parameters: {min: {typical: 1}}",
        "Choose another name.",
    ),
    "bad-name": Explanation(
        "A text that is no name",
        "Names are letters, digits and _ and begin with a letter; ids may also hold - and dots.",
        "parameters: {2x: {typical: 1}}",
        "Rename it.",
    ),
    "too-long": Explanation(
        "A text that is too long",
        "Texts have a limit far above what a title or a question needs.",
        "title: (more than 5,000 characters)",
        "Shorten it.",
    ),
    "out-of-range": Explanation(
        "A value outside of its bounds",
        "The value cannot be what is meant here, such as a share above 100%.",
        "takes: 120%",
        "Use a value within the bounds the message names.",
    ),
    "percent-missing": Explanation(
        "A large relative size without a percent sign",
        "30 is 3000%, 30% is 0.3. A spread or relative error above 300% can be meant, so it is a warning.",
        "between_patients: {lognormal: 30}",
        "Write 30%, or 3000% if that is meant.",
    ),
    "bad-truth": Explanation(
        "A text that is neither true nor false",
        "There are two words for this, true and false.",
        "recurrent: yes",
        "Write true or false.",
    ),
    "unknown-word": Explanation(
        "A word that is not known here",
        "The field takes one of a few words.",
        "df: kenward",
        "Use one of the words the message lists.",
    ),
}

SLUGS: dict[str, Explanation] = {**YAML, **UNITS, **EXPRESSIONS, **SECTIONS}
