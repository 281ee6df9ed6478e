"""A small independent checker of JSON Schema: the keywords that generated schemas use."""


def problems(value, schema, root, at="$"):
    """Return every place where ``value`` does not follow ``schema``."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return problems(value, root["$defs"][name], root, at)
    if "anyOf" in schema:
        found = [problems(value, one, root, at) for one in schema["anyOf"]]
        return [] if any(not f for f in found) else [f"{at}: none of {len(found)} alternatives"]
    return _of_type(value, schema, at) + _inside(value, schema, root, at)


def _of_type(value, schema, at):
    kinds = {
        "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
        "number": (int, float),
    }  # fmt: skip
    told = schema.get("type")
    if told is None:
        return []
    if isinstance(value, bool) and told != "boolean":
        return [f"{at}: a boolean, not {told}"]
    return [] if isinstance(value, kinds[told]) else [f"{at}: {type(value).__name__}, not {told}"]


def _inside(value, schema, root, at):
    out = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        out += [f"{at}.{name}: missing" for name in schema.get("required", ()) if name not in value]
        more = schema.get("additionalProperties")
        for name, inner in value.items():
            if name in known:
                out += problems(inner, known[name], root, f"{at}.{name}")
            elif isinstance(more, dict):
                out += problems(inner, more, root, f"{at}.{name}")
    if isinstance(value, list):
        for index, inner in enumerate(value):
            fixed = schema.get("prefixItems", [])
            item = fixed[index] if index < len(fixed) else schema.get("items")
            if isinstance(item, dict):
                out += problems(inner, item, root, f"{at}[{index}]")
    return out
