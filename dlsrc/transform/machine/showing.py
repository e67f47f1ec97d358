"""How compiled code prints: it calls Python, which formats and writes.

numba compiles a ``print`` of a formatted string in seconds, and not with every format.  Here the values
are boxed and handed to one function of dlsrc's; nothing is compiled but the call, and what Python raises
(a format that does not fit) goes on to the caller.
"""

from functools import cache
from typing import Any

from ...kernels.programs.showing import STREAMS, places, shown_by_compiled_code
from ...lazy import numba

__all__ = ["compiled_show"]


@cache
def compiled_show(body: Any, template: str) -> Any:
    """What ``show(template, ...)`` is for compiled code: a function of the values alone."""
    extending, types = numba("extending"), numba("core.types")
    utils, typing = numba("core.cgutils"), numba("core.typing")
    stream = next(stream for stream, name in STREAMS.items() if name == body.__name__)
    module, name = shown_by_compiled_code.__module__, shown_by_compiled_code.__name__

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        api = context.get_python_api(builder)
        environment = context.get_env_manager(builder)
        gil = api.gil_ensure()
        holder = api.import_module(context.insert_const_string(builder.module, module))
        function = api.object_getattr_string(holder, name)
        kinds = "".join("f" if t == types.float32 else "." for t in signature.args)
        boxed = [api.unserialize(api.serialize_object(text)) for text in (stream, template, kinds)]
        for type_, value in zip(signature.args, args, strict=True):
            if context.enable_nrt:
                context.nrt.incref(builder, type_, value)  # boxing takes a reference
            boxed.append(api.from_native_value(type_, value, environment))
        result = api.call_function_objargs(function, boxed)
        for made in (*boxed, function, holder):
            api.decref(made)
        failed = utils.is_null(builder, result)
        with builder.if_else(failed) as (broken, fine):
            with broken:
                api.gil_release(gil)
                context.call_conv.return_exc(builder)
            with fine:
                api.decref(result)
                api.gil_release(gil)
        return context.get_dummy_value()

    names = [f"a{k}" for k in range(places(template))]
    namespace = {"signature": lambda *given: (typing.signature(types.none, *given), generate)}
    arguments = "".join(f", {n}" for n in names)
    exec(f"def {body.__name__}(typing{arguments}):\n    return signature({', '.join(names)})", namespace)
    return extending.intrinsic(namespace[body.__name__])
