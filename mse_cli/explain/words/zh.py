"""Chinese, simplified."""

from __future__ import annotations

TEXTS = {
    "title": "均方误差：一步一步地计算",
    "example": "内置示例：两套房子的价格（美元）和房间数，模型的预测值与真实值。",
    "files": "预测值 A 取自 {a}，目标值 Y 取自 {y}。",
    "table": "预测值 A 与目标值 Y 都是 {a} 中的列。",
    "stdin": "标准输入",
    "comma": "、",
    "colon": "：",
    "named": "（{name}）",
    "pass": "通过：",
    "fail": "不通过：",
    # 1 inputs
    "inputs.title": "输入",
    "inputs.matrices": "A 是模型的预测值，Y 是真实值。每一行是一个样本，每一列是一个分量。",
    "inputs.size": "{n} 行（样本），{c} 列（分量）：{cells} 个单元格。",
    "inputs.columns": "各列依次为：{names}。",
    "inputs.keys": "各行按 {key} 配对；此处显示的行：{names}。",
    "inputs.corners": "大矩阵只显示四角以及被跟踪单元格所在的行和列；下面的每个数都是对整个矩阵计算的。",
    "inputs.rounded": "矩阵中的数最多显示 6 位有效数字；计算时使用全部数字。",
    "inputs.missing": "共 {total} 个单元格，其中 {missing} 个因缺值而不参与计算，以下用 ? 表示。"
    "参与计算的 {used} 个单元格处 M 为 1，其余处为 0。",
    "inputs.weights": "W 是权重：每个单元格在求和中占多大分量。",
    "inputs.worst": "做了标记的单元格将被跟踪到底：第 {i} 行第 {j} 列{name}，它的平方误差最大。",
    "inputs.worst_weighted": "做了标记的单元格将被跟踪到底：第 {i} 行第 {j} 列{name}，它的加权平方误差最大。",
    "inputs.chosen": "做了标记的单元格将被跟踪到底：第 {i} 行第 {j} 列{name}，由您指定。",
    # 2 error
    "error.title": "误差",
    "error.formula": "每个预测偏离多少？逐个单元格减去真实值。",
    "error.traced": "对被跟踪的单元格：",
    "error.low": "误差为负：预测值偏低 {size}。",
    "error.high": "误差为正：预测值偏高 {size}。",
    "error.zero": "误差为零：预测正确。",
    # 3 SE
    "se.title": "平方误差 SE",
    "se.formula": "误差与自身逐个单元格相乘（⊙）。这不是矩阵乘法。",
    "se.why": "平方不会是负数，所以误差不会互相抵消；误差大一倍，平方就是四倍。单位也随之平方。",
    # 4 SSE
    "sse.title": "平方误差之和 SSE",
    "sse.formula": "{iota} 是由 N 个 1 组成的列向量。从左右两边各乘一个全 1 向量，就把所有单元格加了起来。",
    "sse.factor": "每个平方误差要乘以系数 {factor}：下面的矩阵是 {factor} ⊙ SE。",
    "sse.down": "先沿各列向下相加：每列得到一个和。",
    "sse.across": "再把各列的和横向相加：得到一个数。",
    "sse.share": "仅被跟踪的单元格就占其中的 {share} %。",
    # 5 MSE
    "mse.title": "均值 MSE",
    "mse.formula": "除以单元格的个数 N·C，而不是只除以 N。",
    "mse.masked": "除以参与计算的单元格个数，而不是 N·C：缺失的单元格不能被当作预测完全正确。",
    "mse.weighted": "除以参与计算的单元格的权重之和，因此所有权重同时加倍，结果不变。",
    "mse.rmse": "开方之后单位又与目标值相同。这是均值的平方根，绝不是平方根的均值。",
    # 6 gradient
    "gradient.title": "梯度",
    "gradient.question": "某一个预测值 {a} 稍有变化时，损失会怎样变化？求和的各项中只有 {se} 与它有关，"
    "所以链式法则有三个环节：",
    "gradient.links": "均值要除以 {d}；平方的斜率是底数的两倍；误差与预测值同步变化。",
    "gradient.links_factor": "加权均值要乘以 {f} 再除以 {d}；平方的斜率是底数的两倍；误差与预测值同步变化。",
    "gradient.all": "所有单元格一次写出：",
    "gradient.unused": "不参与计算的单元格，梯度为 0。",
    # 7 descent
    "descent.title": "梯度说明了什么",
    "descent.signs": "梯度指向损失增大的方向，应当朝相反方向走。↑ 提高该预测值，↓ 降低该预测值，0 保持不变。",
    "descent.low": "{name}，第 {i} 行：预测值 {a} 偏低 {size}，梯度 {g} 为负：应提高。",
    "descent.high": "{name}，第 {i} 行：预测值 {a} 偏高 {size}，梯度 {g} 为正：应降低。",
    "descent.right": "{name}，第 {i} 行：预测值 {a} 正确，梯度为 0：保持不变。",
    "descent.column": "第 {j} 列",
    "descent.step": "以学习率 {eta} 做一步梯度下降：",
    "descent.loss": "这一步之前和之后的损失：",
    "descent.why": "原因：每个误差都乘以 {factor}，所以损失乘以它的平方。",
    "descent.why_weighted": "原因：每个误差都乘以 {factor}，其中 {w} 是该单元格自己的权重。",
    "descent.too_long": "损失变大了：步子太长。当 {eta} 在 0 与 {limit} 之间时损失才会减小。",
    "descent.too_long_weighted": "损失变大了：步子太长。",
    "descent.best": "若取 {eta}，一步之后损失就是 0：所有误差都消失。",
    # 8 check
    "check.title": "梯度对不对？检验一下",
    "check.idea": "把被跟踪的单元格上下各移动 {h}，两次计算损失，再用损失之差除以移动的距离：",
    "check.why": "为什么这是精确的：{squares}。{h} 的平方互相抵消，所以对二次损失函数，无论 {h} 取多大，"
    "中心差分都等于导数，只剩舍入误差；这里的损失先按分数精确计算再舍入。"
    "（若只用浮点数，{h} 取得很小反而更差。）",
    "check.verdict": "公式给出 {g}，差分给出 {numeric}；在显示的全部 {count} 个单元格中，最大相对误差为 {largest}。",
    "check.not_finite": "这里的损失不是有限的数，无从检验。",
    # 9 conventions
    "conventions.title": "其他约定",
    "conventions.why": "别处除的数可能不同。最小值的位置相同，数值却不同：常见的“少了一个系数”就由此而来。"
    "您的数据在各种约定下的结果：",
    "conventions.name": "约定",
    "conventions.loss": "损失",
    "conventions.gradient": "梯度（被跟踪的单元格）",
    "conventions.users": "谁在使用哪一种：",
    "conventions.mean": "均值（本工具）",
    "conventions.mean.users": "PyTorch MSELoss、Keras、scikit-learn mean_squared_error",
    "conventions.sum": "求和",
    "conventions.sum.users": "PyTorch MSELoss(reduction='sum')；mse compute --reduction sum",
    "conventions.half_mean": "½ 均值",
    "conventions.half_mean.users": "optax.l2_loss 的均值；scikit-learn MLPRegressor",
    "conventions.half_sum": "½ 求和",
    "conventions.half_sum.users": "许多教科书：梯度就是 A − Y",
    "conventions.per_sample": "按样本平均",
    "conventions.per_sample.users": "对每行误差的平方长度取平均的讲义",
    "conventions.half_per_sample": "½ 按样本平均",
    "conventions.half_per_sample.users": "Caffe EuclideanLoss",
}
