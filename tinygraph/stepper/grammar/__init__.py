"""The language of `break`, `watch` and `until=`: conditions and expressions, read by hand.

    isnan(loss)                      abs(grad) > 10                 dead
    conv2d_1[0, 2, -1, 3]            mean(grad(decoder_1/kernel))   relu
    step > 100 and op == "max_pool"  count(x > 0) / size(x)         decoder_1

**Numbers** are `3`, `0.5`, `1e-3`, `inf` and `nan`; all are floats.

**Names** are those of gates, tensors and parameters: their values. They may have dots and slashes,
`decoder_1/conv2d.kernel`; a name with other characters, or one that is a word of this language, is
put in backquotes. A division between names therefore has blanks around its sign: `a / b`.

**Gradients** are `grad(x)`: what has been added up for x so far. `value(x)` is x.

**Elements** are `x[0, 2, -1]`, parts of an array `x[0, :, 1:3]`.

**Signs**, the tightest first: `**`, `-x`, `*` and `/`, `+` and `-`, then `<` `<=` `>` `>=` `==`
`!=`, then `not`, `and`, `or`. Two arrays must have one shape, or one is a single number.

**Functions** of each element: `abs exp log sqrt isnan isinf`. Of the whole array:
`sum mean std min max norm size`, `any` and `all`, and `count`, for how many elements something
holds; `count(x)` counts what is not 0.

**The step just done** has words of its own:

    value     what the gate has just computed        upstream  the gradient from above
    grad      the gradient just sent over a wire     local     the local derivative
    new       whichever of these two it was          total     what the source has so far
    op        "relu"                                 step      how many steps are done
    gate      "relu_1"                               forward   a value was computed
    module    "unet/decoder_1"                       backward  a gradient was sent
    dead      a gate of one input, such as a ReLU, has a local derivative of 0 everywhere

Texts stand in quotes, and `*` and `?` in them for any characters, or one: `gate == "conv_*"`. Of a
path, some parts in a row are enough: `module == "decoder_1"`.

**Conditions.** A comparison of an array holds if it does for any element; `all(x > 0)` asks for
every one. `and`, `or` and `not` join what holds; inside of `any`, `all`, `count`, `sum` and `mean`
they work element by element: `any(x > 0 and x < 1)`. A bare name is true where a step of this gate,
op or module has just been done (of a leaf: where a gradient was just sent to it). Bare `isnan` and
`isinf` ask about what was just computed, and `dead relu` is short for `dead and relu`.

What is not computed yet is no number: it shows as `·`, and makes a condition false. So does an
element that the array of this step does not have: `value[0, 7]`.

    expression  an operand, or two joined by a sign
    operand     NUMBER | NAME | "TEXT" | WORD | FUNCTION(expression) | (expression)
                | operand[index, ...] | -operand | not operand
    index       WHOLE | [WHOLE]:[WHOLE]

Nothing here runs Python. A text has at most 1,000 characters and 200 words and signs.
"""

from tinygraph.errors import GrammarError as GrammarError
from tinygraph.stepper.grammar.completion import complete as complete
from tinygraph.stepper.grammar.expression import Condition as Condition
from tinygraph.stepper.grammar.expression import Expression as Expression
from tinygraph.stepper.grammar.expression import parse as parse
from tinygraph.stepper.grammar.functions import FUNCTIONS as FUNCTIONS
from tinygraph.stepper.grammar.scope import NOT_YET as NOT_YET
from tinygraph.stepper.grammar.scope import NotYet as NotYet
from tinygraph.stepper.grammar.scope import Operand as Operand
from tinygraph.stepper.grammar.scope import Scope as Scope
from tinygraph.stepper.grammar.session_scope import SessionScope as SessionScope
from tinygraph.stepper.grammar.words import FACTS as FACTS
