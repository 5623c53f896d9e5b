"""The network in 8-bit products, computed by ONNX Runtime.

The weights of a network with limits are whole numbers of steps already (:mod:`.rounding`), so that
the graph is made from them as they are, whenever weights are loaded. Only the activations are
rounded in addition: each spectrum by itself, with fixed steps. The last layer, the normalisations
and the activation functions are computed in single precision.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .._typing import Float32Array
from .encoding import LOG_COUNTS_AT_ZERO, N_BINS, N_STEPPED
from .model import PigmentNet, step_sizes
from .rounding import input_sizes, weight_steps

_OPSET, _IR_VERSION = 17, 9


def can_use_8_bits(net: PigmentNet) -> bool:
    """Return whether a network has limits, and ONNX Runtime is installed to compute it."""
    return net.is_limited and all(find_spec(name) for name in ("onnx", "onnxruntime"))


class EightBitNetwork:
    """A network in 8-bit products; several threads may call it at once.

    Parameters
    ----------
    net : PigmentNet
        A network with limits, on the processor.
    """

    def __init__(self, net: PigmentNet) -> None:
        import onnxruntime

        weight, bias = net.first_layer()
        # The logarithm of the total counts is stored as steps from zero.
        self._bias = bias - LOG_COUNTS_AT_ZERO * weight[:, N_BINS]
        self._settings_weight = weight[:, N_STEPPED:]
        options = onnxruntime.SessionOptions()
        # One thread per call: the callers are several threads with a block of spectra each.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors
        self._session: Any = onnxruntime.InferenceSession(
            _Graph(net).serialised(), options, providers=["CPUExecutionProvider"]
        )

    def instrument_bias(self, settings: Float32Array) -> Float32Array:
        """Return the bias of the first layer, shape (feature,), for settings of an instrument.

        Parameters
        ----------
        settings : ndarray, shape (setting - 1,), float32
            From :func:`.encoding.settings_vector`.
        """
        bias: Float32Array = (
            (self._bias + self._settings_weight @ torch.from_numpy(settings)).detach().numpy()
        )
        return bias

    def __call__(self, steps: NDArray[np.uint8], bias: Float32Array) -> Float32Array:
        """Compute the logistic function of the logits.

        Parameters
        ----------
        steps : ndarray, shape (spectrum, N_STEPPED), uint8
            The stepped inputs, from :func:`.encoding.count_steps`.
        bias : ndarray, shape (feature,)
            From :meth:`instrument_bias`.

        Returns
        -------
        ndarray, shape (spectrum, output), float32
        """
        (result,) = self._session.run(None, {"steps": steps, "bias": bias})
        return result  # type: ignore[no-any-return]


class _Graph:
    """The ONNX graph of a network.

    Parameters
    ----------
    net : PigmentNet
        A network with limits.
    """

    def __init__(self, net: PigmentNet) -> None:
        import onnx

        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._add("one", np.float32(1.0))
        self._add("zero", np.uint8(0))
        exact = (net.first.weight * net.scale)[:, :N_STEPPED]
        steps, unit = weight_steps(exact, step_sizes())
        x = self._silu(self._product("steps", steps, unit, "bias"))
        for block in net.blocks:
            x = self._block(block, x)
        x = self._silu(self._norm(x, net.norm.weight, net.norm.bias))
        weight = self._add("last_weight", net.last.weight.detach().numpy())
        logits = self._node("Gemm", [x, weight, self._add("last_bias", net.last.bias)], transB=1)
        self._output = self._node("Sigmoid", [logits])
        self._sizes = net.architecture.width, len(net.last.bias)

    def serialised(self) -> bytes:
        """Return the graph as an ONNX model."""
        helper, types = self._onnx.helper, self._onnx.TensorProto
        width, outputs = self._sizes
        graph = helper.make_graph(
            self._nodes,
            "pigments",
            [
                helper.make_tensor_value_info("steps", types.UINT8, ["spectrum", N_STEPPED]),
                helper.make_tensor_value_info("bias", types.FLOAT, [width]),
            ],
            [helper.make_tensor_value_info(self._output, types.FLOAT, ["spectrum", outputs])],
            self._constants,
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        serialised: bytes = model.SerializeToString()
        return serialised

    def _block(self, block: Any, x: str) -> str:
        """Add a residual block; return its output."""
        low, sizes = block.limits_first[0], input_sizes(block.limits_first)
        # The normalisation yields steps: its factors are divided by their size.
        normed = self._norm(x, block.norm.weight / sizes, (block.norm.bias - low) / sizes)
        hidden = self._silu(self._layer(block.first, normed, block.limits_first))
        low, sizes = block.limits_second[0], input_sizes(block.limits_second)
        scaled = self._node("Mul", [hidden, self._add(f"{hidden}_scale", 1 / sizes)])
        shifted = self._node("Add", [scaled, self._add(f"{hidden}_shift", -low / sizes)])
        return self._node("Add", [x, self._layer(block.second, shifted, block.limits_second)])

    def _layer(self, layer: Any, values: str, limits: torch.Tensor) -> str:
        """Add a layer whose inputs are given in steps, not yet rounded."""
        rounded = self._node("QuantizeLinear", [values, "one", "zero"])
        sizes = input_sizes(limits)
        steps, unit = weight_steps(layer.weight, sizes)
        bias = layer.bias + (steps * unit / sizes) @ limits[0]
        return self._product(rounded, steps, unit, self._add(f"{rounded}_bias", bias))

    def _product(self, values: str, steps: torch.Tensor, unit: torch.Tensor, bias: str) -> str:
        weight = self._add(f"{values}_weight", steps.T.numpy().astype(np.int8))
        units = self._add(f"{values}_unit", unit[:, 0])
        inputs = [values, weight, "one", units, "", "", bias]
        return self._node("MatMulIntegerToFloat", inputs, domain="com.microsoft")

    def _silu(self, values: str) -> str:
        return self._node("QuickGelu", [values], domain="com.microsoft", alpha=1.0)

    def _norm(self, values: str, weight: torch.Tensor, bias: torch.Tensor) -> str:
        factors = [self._add(f"{values}_norm", weight), self._add(f"{values}_norm_bias", bias)]
        return self._node("LayerNormalization", [values, *factors], epsilon=1e-5)

    def _node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        output = f"{kind}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _add(self, name: str, values: Any) -> str:
        array = values.detach().numpy() if isinstance(values, torch.Tensor) else values
        tensor = self._onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
        self._constants.append(tensor)
        return name
