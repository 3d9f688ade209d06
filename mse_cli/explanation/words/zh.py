"""Chinese, simplified: as a mathematics teacher would write it."""

from __future__ import annotations

TEXTS = {
    "title": "均方误差：逐步讲解",
    "opening": "在回归问题中，模型预测的是数值。均方误差（{mse}）用一个数衡量一批共 {n} 个样本、每个样本 {c} "
    "个输出的预测值 {a} 与真实值 {y} "
    "相差多少：越小越好，"
    "等于 0 时预测值与真实值完全相等。它的梯度指出每个预测值应当增大还是减小，才能使损失变小。",
    "example": "内置示例：两栋房屋的价格（美元）和卧室数量，模型的预测值与真实值。",
    "files": "预测值 {A} 取自 {a}，真实值 {Y} 取自 {y}。",
    "table": "预测值 {A} 与真实值 {Y} 都是 {a} 中的列。",
    "arrays": "预测值 {A} 与真实值 {Y} 是传入的数组。",
    "stdin": "标准输入",
    "comma": "、",
    "colon": "：",
    "named": "，{name}",
    "pass": "通过：",
    "fail": "不通过：",
    # 1 inputs
    "inputs.title": "输入",
    "inputs.matrices": "{a} 是模型的预测值，{y} 是真实值。每一行是一个样本，每一列是一个输出维度。",
    "inputs.size": "{n}（样本数，即批量大小），{c}（输出维度）：共 {cells} 个元素。",
    "inputs.columns": "各列依次为：{names}。",
    "inputs.keys": "各行按 {key} 配对；此处显示的行：{names}。",
    "inputs.corners": "大矩阵只显示四角以及标出的元素所在的行和列；下面的每个数都是对整个矩阵计算的。",
    "inputs.rounded": "矩阵中的数最多显示 {digits} 位有效数字；计算时使用全部数字。",
    "inputs.missing": "共 {total} 个元素，其中 {missing} 个因缺失而不参与计算，以下用 ? 表示。"
    "参与计算的 {used} 个元素处 {m} 为 1，其余处为 0。",
    "inputs.weights": "{w} 是权重矩阵：它的每个元素是对应的平方误差在求和中的权重。",
    "inputs.worst": "下面以标出的元素（第 {i} 行第 {j} 列{name}）为例逐步计算：它的平方误差最大。",
    "inputs.worst_weighted": "下面以标出的元素（第 {i} 行第 {j} 列{name}）为例逐步计算：它的加权平方误差最大。",
    "inputs.chosen": "下面以标出的元素（第 {i} 行第 {j} 列{name}）为例逐步计算：它由您指定。",
    # 2 error
    "error.title": "误差",
    "error.formula": "每个预测值与真实值相差多少？逐元素相减：",
    "error.traced": "对标出的元素：",
    "error.low": "误差为负：预测值偏低 {size}。",
    "error.high": "误差为正：预测值偏高 {size}。",
    "error.zero": "误差为零：预测值与真实值相等。",
    # 3 SE
    "se.title": "平方误差 SE",
    "se.formula": "误差矩阵与自身逐元素相乘（⊙，阿达马积），不是矩阵乘法。",
    "se.why": "平方总是非负的，所以误差不会互相抵消；误差变为 2 倍，平方误差就变为 4 倍。单位也随之平方。",
    "se.infinite": "float64 能表示的最大的数约为 1.8e308，更大的数记为 inf。",
    "se.vanishing": "float64 能表示的最小的正数约为 4.9e-324，更小的平方记为 0。",
    # 4 SSE
    "sse.title": "平方误差之和 SSE",
    "sse.formula": "{iota_n}、{iota_c} 分别是 {n} 维、{c} 维全 1 列向量。左乘 {left}、右乘 {iota_c}，"
    "即把所有元素相加。",
    "sse.factor": "每个平方误差要乘以系数 {factor}：下面的矩阵是 {terms}。",
    "sse.down": "先沿各列向下相加，每列得到一个和：",
    "sse.column": "沿这一列向下相加：",
    "sse.row": "沿这一行横向相加：",
    "sse.across": "再把各列的和横向相加，得到一个数：",
    "sse.share": "仅这一个元素就占 SSE 的 {share}%。",
    # 5 MSE
    "mse.title": "均方误差 MSE",
    "mse.formula": "除以元素个数 {nc}，而不是只除以 {n}。",
    "mse.one_output": "除以元素个数 {nc}：每个样本只有一个输出，所以它就是 {n}。",
    "mse.masked": "除以参与计算的元素个数，而不是 {nc}：缺失的元素不能被当作预测完全正确。",
    "mse.weighted": "除以参与计算的元素的权重之和，因此所有权重同时加倍，结果不变。",
    "mse.sums": "不用矩阵记号，即对所有样本 {i} 和所有输出 {j} 求和：",
    "mse.rmse": "开平方后，单位与真实值相同。注意：先平均、后开方，次序不能颠倒。",
    # 6 gradient
    "gradient.title": "梯度",
    "gradient.question": "某个预测值 {a} 稍有变化时，损失会怎样变化？求和的各项中只有 {se} 与它有关，"
    "按链式法则，导数是三个因子之积：",
    "gradient.links": "求平均带来因子 {share}；{square} 对 {e} 的导数是 {slope}；误差对预测值的导数是 1。",
    "gradient.all": "写成矩阵形式：",
    "gradient.unused": "不参与计算的元素，梯度为 0。",
    # 7 descent
    "descent.title": "梯度的含义",
    "descent.signs": "梯度指向损失增大最快的方向，因此应沿其反方向（负梯度方向）调整。"
    "↑ 增大该预测值，↓ 减小该预测值，0 保持不变。",
    "descent.low": "{name}，第 {i} 行：预测值 {a} 偏低 {size}，梯度 {g} 为负：应增大。",
    "descent.high": "{name}，第 {i} 行：预测值 {a} 偏高 {size}，梯度 {g} 为正：应减小。",
    "descent.right": "{name}，第 {i} 行：预测值 {a} 与真实值相等，梯度为 0：保持不变。",
    "descent.column": "第 {j} 列",
    "descent.step": "以学习率 {eta} 做一步梯度下降：",
    "descent.loss": "更新前后的损失：",
    "descent.why": "原因：每个误差都乘以 {factor}，所以损失乘以它的平方。",
    "descent.why_weighted": "原因：每个误差都乘以 {factor}，其中 {w} 是该元素自己的权重。",
    "descent.too_long": "损失变大了：学习率过大。当 {eta} 在 0 与 {limit} 之间时损失才会减小。",
    "descent.too_long_weighted": "损失变大了：学习率过大。",
    "descent.best": "若取 {eta}，一步之后损失就是 0：所有误差都变为 0。",
    "parabola.idea": "若只有 {a} 变动，损失是关于它的一条抛物线，在 {a} 等于真实值 {y} 处最低。这一步沿切线下降：",
    "parabola.too_far": "若只有 {a} 变动，损失是关于它的一条抛物线，在 {a} 等于真实值 {y} 处最低。"
    "这一步沿切线方向走得过远，损失没有减小：",
    "parabola.now": "现在：{place}，{loss}",
    "parabola.after": "一步之后：{place}，{loss}",
    "parabola.lowest": "最低点：{place}，{loss}",
    "parabola.tangent": "切线，其斜率就是梯度 {g}",
    # 8 check
    "check.title": "梯度检验",
    "check.idea": "把标出的元素分别增加和减少 {h}，各算一次损失，再用两者之差除以 {distance}（中心差分）：",
    "check.why": "为什么这是精确的：{squares}。{h} 的平方互相抵消，所以对二次损失函数，无论 {h} 取多大，"
    "中心差分都等于导数，只剩舍入误差；这里先用分数精确计算，最后才舍入。"
    "（若只用浮点数，{h} 过小反而会使误差变大。）",
    "check.verdict": "解析梯度为 {g}，数值梯度为 {numeric}；在显示的全部 {count} 个元素中，最大相对误差为 {largest}。",
    "check.not_finite": "这里的损失不是有限的数，无从检验。",
    "check.the_same": "这里损失的变化小得超出了 float64 的精度，无从检验。",
    # 9 conventions
    "conventions.title": "其他约定",
    "conventions.why": "其他资料所用的除数可能不同：最小值点相同，损失与梯度的数值却不同，"
    "常见的“差一个系数”就由此而来。"
    "您的数据在各种约定下的结果：",
    "conventions.name": "约定",
    "conventions.loss": "损失",
    "conventions.gradient": "梯度（标出的元素）",
    "conventions.users": "各约定的使用者：",
    "conventions.mean": "均值（本工具）",
    "conventions.mean.users": "PyTorch MSELoss、Keras、scikit-learn mean_squared_error",
    "conventions.sum": "总和",
    "conventions.sum.users": "PyTorch MSELoss(reduction='sum')；mse compute --reduction sum",
    "conventions.half_mean": "均值的一半",
    "conventions.half_mean.users": "optax.l2_loss 的均值；scikit-learn MLPRegressor",
    "conventions.half_sum": "总和的一半",
    "conventions.half_sum.users": "许多教科书采用，此时梯度即 {e}",
    "conventions.per_sample": "按样本平均",
    "conventions.per_sample.users": "部分讲义：对每个样本误差向量的模的平方取平均",
    "conventions.half_per_sample": "按样本平均的一半",
    "conventions.half_per_sample.users": "Caffe EuclideanLoss",
    # 10 code
    "code.title": "用代码实现",
    "code.class": "把上面的公式写成一个类：forward 计算损失，并保存 backward 所需的数。",
    "code.run": "用上面的数据运行：",
    "code.run_shown": "用上面显示的行和列运行（结果只属于这一部分）：",
    "code.shown": "只用显示的元素计算，结果与正文中整个矩阵的不同",
    "code.integers": "这样大的整数用 float64 表示时会丢失末几位，而这个类用 float64 计算；"
    "正文的结果是先精确相减、再舍入的。",
    "code.plain": "这个类不含权重，也不处理缺失值；mse_cli 的 evaluate 两者都支持。",
    "code.next": "接下来：在训练中，{gradient} 是反向传播的第一环。链式法则把它逐层传回，得到损失对模型参数 "
    "{theta} 的梯度；"
    "被更新的是参数，而不是预测值：",
    "code.about": "均方误差损失：MSE = sum((A - Y)**2) / (N*C)",
    "code.keep": "保存，backward 要用",
    "code.shape": "N 个样本，C 个输出",
    "code.se": "平方误差，逐元素相乘",
    "code.sse": "总和",
    "code.mse": "除以元素个数",
    "code.back": "形状与 A 相同",
    "code.prediction": "预测值",
    "code.truth": "真实值",
}
