# Reads documents (4 bytes of length, big endian, then the bytes) and answers each with a line: "-" if expat refuses it,
# else the tree as JSON: ["namespace}name", [[attribute, value], ...], child, ...], text as strings.
import json
import struct
import sys
from xml.parsers import expat


def tree_of(document):
    parser = expat.ParserCreate(None, "}")
    parser.buffer_text = True
    root = []
    stack = [root]

    def start(name, attributes):
        element = [name, sorted(map(list, attributes.items()))]
        stack[-1].append(element)
        stack.append(element)

    def end(_name):
        stack.pop()

    def text(data):
        children = stack[-1]
        if len(children) > 2 and isinstance(children[-1], str):
            children[-1] += data
        else:
            children.append(data)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError):
        return None
    return root[0]


def main():
    source = sys.stdin.buffer
    while True:
        head = source.read(4)
        if len(head) < 4:
            return
        (length,) = struct.unpack(">I", head)
        tree = tree_of(source.read(length))
        line = "-" if tree is None else json.dumps(tree)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


main()
