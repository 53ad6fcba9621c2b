# SPDX-License-Identifier: MIT
"""Renders a template of docker-jitsi-meet with the variables of the environment, as the program in its images does.

    python3 spec/jitsi/go_template.py TEMPLATE

It knows what these templates use of Go's text/template and of the functions that the images add, and fails for anything else.
"""

import os
import re
import sys

ACTION = re.compile(r"\{\{(-?)\s*(.*?)\s*(-?)\}\}", re.DOTALL)
WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\$\.Env\.\w+|\.Env\.\w+|\$\w+|\.\w+|:=|[(),|=]|\d+|\w+')


def to_bool(value):
    """A text is true if it is not empty and not one of Go's words for false."""
    if isinstance(value, str):
        value = value.replace('"', "").replace("'", "")
        return value not in ("", "0", "f", "F", "false", "False", "FALSE")
    return bool(value)


def first_false(*values):
    return next((value for value in values if not value), values[-1])


def first_true(*values):
    return next((value for value in values if value), values[-1])


def numbered(parts):
    return {f"_{i}": part for i, part in enumerate(parts)}


FUNCTIONS = {
    "default": lambda fallback, value="": value or fallback,
    "toBool": to_bool,
    "and": first_false,
    "or": first_true,
    "not": lambda value: not value,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "add": lambda a, b: int(a) + int(b),
    "join": lambda between, parts: between.join(parts),
    "compact": lambda parts: [part for part in parts if part],
    "split": lambda between, text: numbered(text.split(between)),
    "splitList": lambda between, text: text.split(between),
    "splitn": lambda between, count, text: numbered(text.split(between, count - 1)),
    "trimPrefix": lambda start, text: text.removeprefix(start),
    "trimSuffix": lambda end, text: text.removesuffix(end),
}


class Expression:
    """One pipeline: its words are taken one after the other."""

    def __init__(self, text, variables):
        if not re.fullmatch(rf"(?:\s*(?:{WORD.pattern}))*", text):
            raise ValueError(f"an unknown word in: {text}")
        self.words, self.variables = WORD.findall(text), variables

    def take(self):
        return self.words.pop(0)

    def operand(self):
        word = self.take()
        if word == "(":
            value = self.pipeline()
            assert self.take() == ")"
        elif word.startswith('"'):
            value = word[1:-1].encode().decode("unicode_escape")
        elif word.startswith((".Env.", "$.Env.")):
            value = os.environ.get(word.rpartition(".")[2])
        elif word.startswith("$"):
            value = self.variables[word]
        elif word.isdigit():
            value = int(word)
        else:
            raise ValueError(f"an unknown word: {word}")
        while self.words and re.fullmatch(r"\.\w+", self.words[0]):
            value = value.get(self.take()[1:])
        return value

    def command(self, *last):
        function = FUNCTIONS.get(self.words[0])
        values = []
        if function:
            self.take()
        while self.words and self.words[0] not in ("|", ")"):
            values.append(self.operand())
        return function(*values, *last) if function else values[0]

    def pipeline(self):
        value = self.command()
        while self.words and self.words[0] == "|":
            self.take()
            value = self.command(value)
        return value


def pieces_of(template):
    """Texts and actions in turn, without the white space that "{{-" and "-}}" remove."""
    first, *rest = ACTION.split(template)
    pieces = [first]
    for trims_before, action, trims_after, text in zip(*[iter(rest)] * 4):
        pieces[-1] = pieces[-1].rstrip() if trims_before else pieces[-1]
        pieces += [action, text.lstrip() if trims_after else text]
    return pieces


def written(value):
    if value is None:
        return "<no value>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def render(pieces, variables, output, wanted=True):
    """Takes pieces up to the end of the block and gives back the action that ended it. `wanted`: whether the block is written."""
    while pieces:
        if wanted:
            output.append(pieces[0])
        pieces.pop(0)
        if not pieces:
            return None
        action = pieces.pop(0)
        if action == "end" or action.startswith("else"):
            return action
        word, _, rest = action.partition(" ")
        if word == "if":
            branch(pieces, variables, output, wanted, rest)
        elif word == "range":
            repeat(pieces, variables, output, wanted, rest)
        elif not wanted:
            continue
        elif ":=" in action:
            name, _, rest = action.partition(":=")
            variables[name.strip()] = Expression(rest.strip(), variables).pipeline()
        else:
            output.append(written(Expression(action, variables).pipeline()))
    return None


def branch(pieces, variables, output, wanted, condition):
    done = False
    while condition is not None:
        holds = wanted and not done and (condition == "" or bool(Expression(condition, variables).pipeline()))
        done = done or holds
        ended = render(pieces, variables, output, holds)
        condition = None if ended == "end" else ended.removeprefix("else").strip().removeprefix("if").strip()


def repeat(pieces, variables, output, wanted, rest):
    names, _, expression = rest.partition(":=")
    index, value = (name.strip() for name in names.split(","))
    items = Expression(expression.strip(), variables).pipeline() if wanted else []
    body = list(pieces)
    for i, item in enumerate(items):
        again = list(body)
        variables[index], variables[value] = i, item
        render(again, variables, output)
    render(pieces, variables, [], False)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        pieces = pieces_of(file.read())
    output = []
    render(pieces, {}, output)
    print("".join(output), end="")


if __name__ == "__main__":
    main()
